/** French texts of the pages. */
import type { Messages } from './en.ts';

export const fr: Messages = {
  'action.home': 'Aller à l’application',
  'action.home-named': 'Aller à {name}',
  'action.sign-in': 'Se connecter',
  'action.sign-in-again': 'Se reconnecter',
  'action.sign-in-there': 'S’y connecter',
  'action.other-account': 'Utiliser un autre compte',
  'action.try-again': 'Réessayer',
  'action.continue': 'Continuer',
  reference: 'Si cela se reproduit, communiquez cette référence à l’assistance : {reference}',
  details: 'Détails pour l’assistance',

  'choose.title': 'Connexion',
  'choose.title-named': 'Connexion à {name}',
  'choose.message': 'Choisissez où vous avez un compte.',

  'signed-in.title': 'Vous êtes connecté',
  'signed-in.message': 'Revenez à la page d’où vous venez. Vous pouvez fermer cette fenêtre.',

  'signed-out.title': 'Vous êtes déconnecté',
  'signed-out.message': 'Vous êtes déconnecté de cette application. Vous pouvez fermer cette page.',
  'signed-out-here.title': 'Vous êtes déconnecté ici',
  'signed-out-here.message':
    'Vous êtes déconnecté de cette application. Le service de connexion était injoignable : vous y êtes peut-être encore connecté.',
  'signed-out-here.advice':
    'Sur un ordinateur partagé, fermez le navigateur ou déconnectez-vous aussi du service de connexion.',

  'confirm-logout.title': 'Se déconnecter ?',
  'confirm-logout.message':
    'Vous serez déconnecté de cette application et, si possible, du service avec lequel vous vous connectez.',
  'confirm-logout.confirm': 'Se déconnecter',
  'confirm-logout.cancel': 'Rester connecté',

  'sessions.title': 'Où vous êtes connecté',
  'sessions.message': 'Si vous ne reconnaissez pas une ligne, mettez-y fin. Ce navigateur sera aussitôt déconnecté.',
  'sessions.unknown': 'Navigateur inconnu',
  'sessions.current': 'Ce navigateur',
  'sessions.since': 'Connecté le {time}',
  'sessions.since-from': 'Connecté le {time}, depuis {address}',
  'sessions.end': 'Mettre fin',
  'sessions.end-label': 'Mettre fin à la session {number} : {device}',
  'sessions.end-others': 'Mettre fin à toutes les autres',
  'sessions.ended-one': 'La session est terminée.',
  'sessions.ended-many': '{count} sessions sont terminées.',

  'framed.title': 'Ouvrez cette page dans sa propre fenêtre',
  'framed.message':
    'Un autre site affiche cette application dans un cadre. Pour vous protéger, elle n’y fonctionne pas : l’autre site pourrait vous faire cliquer à votre insu.',
  'framed.open': 'Ouvrir l’application',

  'hop.title': 'Un instant',
  temporary: 'C’est généralement passager. Si vous étiez connecté, vous l’êtes toujours.',

  'error.sign-in-needed.title': 'Veuillez vous connecter',
  'error.sign-in-needed.message': 'Connectez-vous, puis ouvrez de nouveau ceci dans l’application.',
  'error.confirm-identity.title': 'Veuillez vous reconnecter',
  'error.confirm-identity.message': 'Pour protéger votre compte, il faut ici une connexion plus récente ou plus forte.',
  'error.nothing-saved.title': 'Rien n’a été enregistré',
  'error.nothing-saved.message':
    'Votre session est terminée, ou il faut une connexion plus récente. Connectez-vous pour revenir à la page, puis renvoyez le formulaire.',
  'error.sign-in-expired.title': 'La connexion a expiré',
  'error.sign-in-expired.message':
    'La connexion a pris trop de temps, était déjà terminée ou a commencé dans un autre navigateur. Veuillez recommencer.',
  'error.sign-in-failed.title': 'La connexion a échoué',
  'error.sign-in-failed.message': 'Une erreur s’est produite pendant la connexion. Veuillez réessayer.',
  'error.sign-in-refused.title': 'Vous n’êtes pas connecté',
  'error.sign-in-refused.message': 'La connexion a été annulée, ou votre compte ne peut pas être utilisé ici.',
  'error.cookies-refused.title': 'Votre navigateur n’a pas gardé la connexion',
  'error.cookies-refused.message':
    'Vous vous êtes connecté, mais votre navigateur bloque peut-être les cookies de ce site. Autorisez les cookies, puis reconnectez-vous.',
  'error.unknown-sign-in.title': 'Choisissez comment vous connecter',
  'error.unknown-sign-in.message': 'Le lien que vous avez suivi indique un mode de connexion qui n’existe pas ici.',
  'error.other-sign-in.title': 'Accès refusé',
  'error.other-sign-in.message': 'Cette page est réservée aux personnes qui se connectent ailleurs.',
  'error.not-admitted.title': 'Ce compte n’a pas accès',
  'error.not-admitted.message':
    'Vous vous êtes connecté, mais ce compte ne peut pas utiliser l’application. Utilisez un autre compte ou adressez-vous aux responsables de l’application.',
  'error.no-access.title': 'Accès refusé',
  'error.no-access.message':
    'Votre compte ne peut pas ouvrir cette page. Si vous avez besoin d’y accéder, adressez-vous aux responsables de l’application.',
  'error.account-changed.title': 'Vous vous êtes reconnecté',
  'error.account-changed.message':
    'Une connexion plus récente a remplacé celle de cette page. Ouvrez l’application pour continuer.',
  'error.unconfirmed.title': 'Continuer vers cette page ?',
  'error.unconfirmed.message':
    'Un lien d’un autre site mène à cette page. Continuez seulement si vous vouliez l’ouvrir.',
  'error.app-only.title': 'Ouvrez ceci dans l’application',
  'error.app-only.message':
    'Cette adresse est destinée à l’application. Elle ne s’ouvre ni directement, ni depuis un favori, ni depuis un autre site.',
  'error.form-refused.title': 'L’envoi n’a pas abouti',
  'error.form-refused.message':
    'Il provenait d’un autre site et a été arrêté pour vous protéger. Ouvrez l’application et réessayez depuis celle-ci.',
  'error.bad-link.title': 'Ce lien ne fonctionne pas',
  'error.bad-link.message': 'L’adresse est incomplète ou erronée. Ouvrez l’application et cherchez-y la page.',
  'error.not-found.title': 'Page introuvable',
  'error.not-found.message':
    'Il n’y a pas de page à cette adresse. Elle a peut-être été déplacée, ou le lien est incomplet.',
  'error.too-large.title': 'C’est trop volumineux',
  'error.too-large.message':
    'Votre envoi dépasse ce que l’application accepte. Envoyez moins de données ou un fichier plus petit.',
  'error.too-slow.title': 'Le délai est dépassé',
  'error.too-slow.message':
    'Vos données ne sont pas arrivées à temps. Vérifiez votre connexion, revenez en arrière et renvoyez-les.',
  'error.clear-cookies.title': 'Votre navigateur a envoyé trop de données',
  'error.clear-cookies.message':
    'Supprimez les cookies de ce site dans les réglages de votre navigateur, puis réessayez.',
  'error.wait.title': 'Trop de tentatives',
  'error.wait.message': 'Votre réseau a envoyé trop de demandes. Attendez une minute, puis réessayez.',
  'error.insecure.title': 'La connexion n’est pas sécurisée',
  'error.insecure.message':
    'Il serait risqué de vous connecter ici. Veuillez prévenir les responsables de l’application.',
  'error.internal.title': 'Une erreur s’est produite',
  'error.internal.message': 'Le problème vient de nous, pas de vous. Veuillez réessayer dans un instant.',
  'error.not-loaded.title': 'Cette page n’a pas pu être chargée',
  'error.not-loaded.message': 'Une partie de l’application ne répond pas. Veuillez réessayer dans un instant.',
  'error.sign-in-unavailable.title': 'Connexion impossible pour le moment',
  'error.sign-in-unavailable.message': 'Le service de connexion ne répond pas. Veuillez réessayer dans un instant.',
  'error.maintenance.title': 'Maintenance en cours',
  'error.maintenance.message': 'L’application est en cours de maintenance. Veuillez réessayer plus tard.',
  'error.unavailable.title': 'Application indisponible',
  'error.unavailable.message': 'L’application ne répond pas pour le moment. Veuillez réessayer dans un instant.',
};
