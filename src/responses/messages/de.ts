/** German texts of the pages. */
import type { Messages } from './en.ts';

export const de: Messages = {
  'action.home': 'Zur Anwendung',
  'action.home-named': 'Zu {name}',
  'action.sign-in': 'Anmelden',
  'action.sign-in-again': 'Erneut anmelden',
  'action.sign-in-there': 'Dort anmelden',
  'action.other-account': 'Anderes Konto verwenden',
  'action.try-again': 'Erneut versuchen',
  'action.continue': 'Fortfahren',
  reference: 'Falls das wieder vorkommt, nennen Sie dem Support diese Referenz: {reference}',
  details: 'Details für den Support',

  'choose.title': 'Anmelden',
  'choose.title-named': 'Bei {name} anmelden',
  'choose.message': 'Wählen Sie aus, wo Sie ein Konto haben.',

  'signed-in.title': 'Sie sind angemeldet',
  'signed-in.message': 'Kehren Sie zur vorherigen Seite zurück. Sie können dieses Fenster schließen.',

  'signed-out.title': 'Abgemeldet',
  'signed-out.message': 'Sie sind von dieser Anwendung abgemeldet. Sie können diese Seite schließen.',
  'signed-out-here.title': 'Hier abgemeldet',
  'signed-out-here.message':
    'Sie sind von dieser Anwendung abgemeldet. Der Anmeldedienst war nicht erreichbar, möglicherweise sind Sie dort noch angemeldet.',
  'signed-out-here.advice':
    'Schließen Sie an einem gemeinsam genutzten Computer den Browser, oder melden Sie sich auch beim Anmeldedienst ab.',

  'confirm-logout.title': 'Abmelden?',
  'confirm-logout.message':
    'Sie werden von dieser Anwendung und, wenn möglich, auch von dem Dienst abgemeldet, mit dem Sie sich anmelden.',
  'confirm-logout.confirm': 'Abmelden',
  'confirm-logout.cancel': 'Angemeldet bleiben',

  'sessions.title': 'Wo Sie angemeldet sind',
  'sessions.message': 'Beenden Sie Einträge, die Sie nicht kennen. Der betreffende Browser wird sofort abgemeldet.',
  'sessions.unknown': 'Unbekannter Browser',
  'sessions.current': 'Dieser Browser',
  'sessions.since': 'Angemeldet am {time}',
  'sessions.since-from': 'Angemeldet am {time}, von {address}',
  'sessions.end': 'Beenden',
  'sessions.end-label': 'Sitzung {number} beenden: {device}',
  'sessions.end-others': 'Alle anderen beenden',
  'sessions.ended-one': 'Die Sitzung wurde beendet.',
  'sessions.ended-many': '{count} Sitzungen wurden beendet.',

  'framed.title': 'Öffnen Sie diese Seite in einem eigenen Fenster',
  'framed.message':
    'Eine andere Website zeigt diese Anwendung in einem Rahmen an. Zu Ihrem Schutz läuft sie dort nicht: Die andere Website könnte Sie zu ungewollten Klicks verleiten.',
  'framed.open': 'Anwendung öffnen',

  'hop.title': 'Einen Moment',
  temporary: 'Das ist meist vorübergehend. Falls Sie angemeldet waren, sind Sie es weiterhin.',

  'error.sign-in-needed.title': 'Bitte melden Sie sich an',
  'error.sign-in-needed.message': 'Melden Sie sich an, und öffnen Sie dies dann erneut in der Anwendung.',
  'error.confirm-identity.title': 'Bitte melden Sie sich erneut an',
  'error.confirm-identity.message':
    'Zum Schutz Ihres Kontos ist hierfür eine aktuellere oder stärkere Anmeldung nötig.',
  'error.nothing-saved.title': 'Es wurde nichts gespeichert',
  'error.nothing-saved.message':
    'Ihre Sitzung ist beendet, oder eine aktuellere Anmeldung ist nötig. Melden Sie sich an, um zur Seite zurückzukehren, und senden Sie das Formular dann erneut.',
  'error.sign-in-expired.title': 'Anmeldung abgelaufen',
  'error.sign-in-expired.message':
    'Die Anmeldung hat zu lange gedauert, war schon abgeschlossen oder wurde in einem anderen Browser begonnen. Bitte beginnen Sie neu.',
  'error.sign-in-failed.title': 'Anmeldung fehlgeschlagen',
  'error.sign-in-failed.message': 'Bei der Anmeldung ist ein Fehler aufgetreten. Bitte versuchen Sie es erneut.',
  'error.sign-in-refused.title': 'Sie wurden nicht angemeldet',
  'error.sign-in-refused.message': 'Die Anmeldung wurde abgebrochen, oder Ihr Konto darf hier nicht verwendet werden.',
  'error.cookies-refused.title': 'Ihr Browser hat die Anmeldung nicht behalten',
  'error.cookies-refused.message':
    'Sie haben sich angemeldet, aber Ihr Browser blockiert möglicherweise Cookies dieser Website. Erlauben Sie Cookies, und melden Sie sich dann erneut an.',
  'error.unknown-sign-in.title': 'Wählen Sie eine Anmeldung',
  'error.unknown-sign-in.message': 'Der Link nennt eine Art der Anmeldung, die es hier nicht gibt.',
  'error.other-sign-in.title': 'Zugriff verweigert',
  'error.other-sign-in.message': 'Diese Seite ist für Personen, die sich an anderer Stelle anmelden.',
  'error.not-admitted.title': 'Dieses Konto hat keinen Zugriff',
  'error.not-admitted.message':
    'Sie haben sich angemeldet, aber dieses Konto darf die Anwendung nicht verwenden. Verwenden Sie ein anderes Konto, oder fragen Sie die Verantwortlichen der Anwendung.',
  'error.no-access.title': 'Zugriff verweigert',
  'error.no-access.message':
    'Ihr Konto darf diese Seite nicht öffnen. Wenn Sie Zugriff brauchen, fragen Sie die Verantwortlichen der Anwendung.',
  'error.account-changed.title': 'Sie haben sich neu angemeldet',
  'error.account-changed.message':
    'Eine neuere Anmeldung hat die Anmeldung dieser Seite ersetzt. Öffnen Sie die Anwendung, um fortzufahren.',
  'error.unconfirmed.title': 'Zu dieser Seite fortfahren?',
  'error.unconfirmed.message':
    'Ein Link auf einer anderen Website führt zu dieser Seite. Fahren Sie nur fort, wenn Sie sie öffnen wollten.',
  'error.app-only.title': 'Öffnen Sie dies in der Anwendung',
  'error.app-only.message':
    'Diese Adresse ist für die Anwendung bestimmt. Sie lässt sich nicht direkt, über ein Lesezeichen oder von einer anderen Website aus öffnen.',
  'error.form-refused.title': 'Das konnte nicht gesendet werden',
  'error.form-refused.message':
    'Es kam von einer anderen Website und wurde zu Ihrem Schutz angehalten. Öffnen Sie die Anwendung, und versuchen Sie es dort erneut.',
  'error.bad-link.title': 'Dieser Link funktioniert nicht',
  'error.bad-link.message':
    'Die Adresse ist unvollständig oder falsch. Öffnen Sie die Anwendung, und suchen Sie die Seite dort.',
  'error.not-found.title': 'Seite nicht gefunden',
  'error.not-found.message':
    'Unter dieser Adresse gibt es keine Seite. Vielleicht ist sie umgezogen, oder der Link ist unvollständig.',
  'error.too-large.title': 'Das ist zu groß',
  'error.too-large.message':
    'Was Sie gesendet haben, ist größer, als die Anwendung annimmt. Senden Sie weniger oder eine kleinere Datei.',
  'error.too-slow.title': 'Das hat zu lange gedauert',
  'error.too-slow.message':
    'Ihre Daten sind nicht rechtzeitig angekommen. Prüfen Sie Ihre Verbindung, gehen Sie zurück, und senden Sie sie erneut.',
  'error.clear-cookies.title': 'Ihr Browser hat zu viele Daten gesendet',
  'error.clear-cookies.message':
    'Löschen Sie in den Einstellungen Ihres Browsers die Cookies dieser Website, und versuchen Sie es dann erneut.',
  'error.wait.title': 'Zu viele Versuche',
  'error.wait.message':
    'Aus Ihrem Netzwerk kamen zu viele Anfragen. Warten Sie eine Minute, und versuchen Sie es dann erneut.',
  'error.insecure.title': 'Die Verbindung ist nicht sicher',
  'error.insecure.message':
    'Eine Anmeldung wäre hier nicht sicher. Bitte informieren Sie die Verantwortlichen der Anwendung.',
  'error.internal.title': 'Etwas ist schiefgelaufen',
  'error.internal.message': 'Der Fehler liegt bei uns, nicht bei Ihnen. Bitte versuchen Sie es gleich noch einmal.',
  'error.not-loaded.title': 'Diese Seite konnte nicht geladen werden',
  'error.not-loaded.message': 'Ein Teil der Anwendung antwortet nicht. Bitte versuchen Sie es gleich noch einmal.',
  'error.sign-in-unavailable.title': 'Die Anmeldung ist gerade nicht möglich',
  'error.sign-in-unavailable.message': 'Der Anmeldedienst antwortet nicht. Bitte versuchen Sie es gleich noch einmal.',
  'error.maintenance.title': 'Wartungsarbeiten',
  'error.maintenance.message': 'An der Anwendung wird gerade gearbeitet. Bitte versuchen Sie es später noch einmal.',
  'error.unavailable.title': 'Anwendung nicht verfügbar',
  'error.unavailable.message': 'Die Anwendung antwortet gerade nicht. Bitte versuchen Sie es gleich noch einmal.',
};
