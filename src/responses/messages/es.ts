/** Spanish texts of the pages. */
import type { Messages } from './en.ts';

export const es: Messages = {
  'action.home': 'Ir a la aplicación',
  'action.home-named': 'Ir a {name}',
  'action.sign-in': 'Iniciar sesión',
  'action.sign-in-again': 'Volver a iniciar sesión',
  'action.sign-in-there': 'Iniciar sesión allí',
  'action.other-account': 'Usar otra cuenta',
  'action.try-again': 'Reintentar',
  'action.continue': 'Continuar',
  reference: 'Si vuelve a ocurrir, indique esta referencia al servicio de asistencia: {reference}',
  details: 'Detalles para asistencia',

  'choose.title': 'Iniciar sesión',
  'choose.title-named': 'Iniciar sesión en {name}',
  'choose.message': 'Elija dónde tiene una cuenta.',

  'signed-in.title': 'Ha iniciado sesión',
  'signed-in.message': 'Vuelva a la página de la que viene. Puede cerrar esta ventana.',

  'signed-out.title': 'Sesión cerrada',
  'signed-out.message': 'Ha cerrado la sesión en esta aplicación. Puede cerrar esta página.',
  'signed-out-here.title': 'Sesión cerrada aquí',
  'signed-out-here.message':
    'Ha cerrado la sesión en esta aplicación. No se pudo contactar con el servicio de inicio de sesión, por lo que es posible que allí siga abierta.',
  'signed-out-here.advice':
    'En un equipo compartido, cierre el navegador o cierre también la sesión en el servicio de inicio de sesión.',

  'confirm-logout.title': '¿Cerrar sesión?',
  'confirm-logout.message':
    'Se cerrará su sesión en esta aplicación y, si es posible, en el servicio con el que inicia sesión.',
  'confirm-logout.confirm': 'Cerrar sesión',
  'confirm-logout.cancel': 'Mantener la sesión',

  'sessions.title': 'Dónde tiene la sesión abierta',
  'sessions.message': 'Si no reconoce una entrada, ciérrela. La sesión de ese navegador se cierra al instante.',
  'sessions.unknown': 'Navegador desconocido',
  'sessions.current': 'Este navegador',
  'sessions.since': 'Sesión iniciada el {time}',
  'sessions.since-from': 'Sesión iniciada el {time}, desde {address}',
  'sessions.end': 'Cerrar',
  'sessions.end-label': 'Cerrar la sesión {number}: {device}',
  'sessions.end-others': 'Cerrar todas las demás',
  'sessions.ended-one': 'Se ha cerrado la sesión.',
  'sessions.ended-many': 'Se han cerrado {count} sesiones.',

  'framed.title': 'Abra esta página en su propia ventana',
  'framed.message':
    'Otro sitio muestra esta aplicación dentro de un marco. Para protegerle, no funciona allí: el otro sitio podría engañarle para que haga clic en algo.',
  'framed.open': 'Abrir la aplicación',

  'hop.title': 'Un momento',
  temporary: 'Suele ser algo pasajero. Si tenía la sesión iniciada, sigue iniciada.',

  'error.sign-in-needed.title': 'Inicie sesión',
  'error.sign-in-needed.message': 'Inicie sesión y vuelva a abrir esto en la aplicación.',
  'error.confirm-identity.title': 'Vuelva a iniciar sesión',
  'error.confirm-identity.message':
    'Para proteger su cuenta, aquí se necesita un inicio de sesión más reciente o más seguro.',
  'error.nothing-saved.title': 'No se ha guardado nada',
  'error.nothing-saved.message':
    'Su sesión ha terminado o se necesita un inicio de sesión más reciente. Inicie sesión para volver a la página y envíe de nuevo el formulario.',
  'error.sign-in-expired.title': 'El inicio de sesión ha caducado',
  'error.sign-in-expired.message':
    'Tardó demasiado, ya se había completado o empezó en otro navegador. Empiece de nuevo.',
  'error.sign-in-failed.title': 'No se pudo iniciar sesión',
  'error.sign-in-failed.message': 'Se produjo un error al iniciar sesión. Inténtelo de nuevo.',
  'error.sign-in-refused.title': 'No ha iniciado sesión',
  'error.sign-in-refused.message': 'El inicio de sesión se canceló o su cuenta no se puede usar aquí.',
  'error.cookies-refused.title': 'Su navegador no mantuvo la sesión',
  'error.cookies-refused.message':
    'Ha iniciado sesión, pero es posible que su navegador bloquee las cookies de este sitio. Permita las cookies y vuelva a iniciar sesión.',
  'error.unknown-sign-in.title': 'Elija cómo iniciar sesión',
  'error.unknown-sign-in.message': 'El enlace indica una forma de iniciar sesión que no está disponible.',
  'error.other-sign-in.title': 'Acceso denegado',
  'error.other-sign-in.message': 'Esta página es para personas que inician sesión en otro lugar.',
  'error.not-admitted.title': 'Esta cuenta no tiene acceso',
  'error.not-admitted.message':
    'Ha iniciado sesión, pero esta cuenta no puede usar la aplicación. Use otra cuenta o consulte a los responsables de la aplicación.',
  'error.no-access.title': 'Acceso denegado',
  'error.no-access.message':
    'Su cuenta no puede abrir esta página. Si necesita acceso, consulte a los responsables de la aplicación.',
  'error.account-changed.title': 'Ha vuelto a iniciar sesión',
  'error.account-changed.message':
    'Un inicio de sesión más reciente ha sustituido al de esta página. Abra la aplicación para continuar.',
  'error.unconfirmed.title': '¿Continuar a esta página?',
  'error.unconfirmed.message': 'Un enlace de otro sitio lleva a esta página. Continúe solo si quería abrirla.',
  'error.app-only.title': 'Ábralo en la aplicación',
  'error.app-only.message':
    'Esta dirección es para la aplicación y no se puede abrir directamente, desde un marcador ni desde otro sitio.',
  'error.form-refused.title': 'No se pudo enviar',
  'error.form-refused.message':
    'El envío procedía de otro sitio y se detuvo para protegerle. Abra la aplicación e inténtelo allí.',
  'error.bad-link.title': 'Este enlace no funciona',
  'error.bad-link.message': 'La dirección está incompleta o es incorrecta. Abra la aplicación y busque la página allí.',
  'error.not-found.title': 'Página no encontrada',
  'error.not-found.message':
    'No hay ninguna página en esta dirección. Puede que se haya movido o que el enlace esté incompleto.',
  'error.too-large.title': 'Es demasiado grande',
  'error.too-large.message':
    'Lo que ha enviado supera lo que acepta la aplicación. Envíe menos datos o un archivo más pequeño.',
  'error.too-slow.title': 'Ha tardado demasiado',
  'error.too-slow.message': 'Sus datos no llegaron a tiempo. Compruebe la conexión, vuelva atrás y envíelos de nuevo.',
  'error.clear-cookies.title': 'Su navegador envió demasiados datos',
  'error.clear-cookies.message': 'Borre las cookies de este sitio en los ajustes de su navegador e inténtelo de nuevo.',
  'error.wait.title': 'Demasiados intentos',
  'error.wait.message': 'Ha habido demasiadas solicitudes desde su red. Espere un minuto e inténtelo de nuevo.',
  'error.insecure.title': 'La conexión no es segura',
  'error.insecure.message': 'No sería seguro iniciar sesión aquí. Avise a los responsables de la aplicación.',
  'error.internal.title': 'Algo ha fallado',
  'error.internal.message': 'El problema es nuestro, no suyo. Inténtelo de nuevo en unos instantes.',
  'error.not-loaded.title': 'No se pudo cargar esta página',
  'error.not-loaded.message': 'Una parte de la aplicación no responde. Inténtelo de nuevo en unos instantes.',
  'error.sign-in-unavailable.title': 'Ahora no es posible iniciar sesión',
  'error.sign-in-unavailable.message':
    'El servicio de inicio de sesión no responde. Inténtelo de nuevo en unos instantes.',
  'error.maintenance.title': 'En mantenimiento',
  'error.maintenance.message': 'Se está trabajando en la aplicación. Inténtelo de nuevo más tarde.',
  'error.unavailable.title': 'Aplicación no disponible',
  'error.unavailable.message': 'La aplicación no responde ahora mismo. Inténtelo de nuevo en unos instantes.',
};
