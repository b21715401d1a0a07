/** Bundles `src/client` into `views/client.js`: one minified module for gateways that run from source or compiled. */
import { join } from 'node:path';
import { build } from 'esbuild';

/** Properties that the modules of the client share among themselves; shortened, because a browser loads the bundle. */
const INTERNAL_PROPERTIES =
  /^(acknowledge|addListener|allowSignIn|answerCount|answerTo|basePath|beginSignOut|believedSession|firstBelieved|currentSession|bindingOf|cancelSignOut|clearAsked|closeSignal|closeState|update|closeTab|codeOf|csrfName|emitEvent|endLeaving|errorOf|gatewayOrigin|isBarred|isLeaving|jsonOf|knownSession|loginAddress|loginPath|notifySignOut|notifyTabs|onMessage|onSession|profileClaims|profileMark|readCount|lastRead|discardReads|finishedCount|readSession|resume|scheduleRead|sendRequest|sessionMark|sessionSince|setAsked|signOutGuard|signedInPath|stopTimer|wasAsked|watchExpiry)$/;

const ROOT = join(import.meta.dirname, '../..');

/** Returns the text of the module. */
export async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'src/client/served.ts')],
    bundle: true,
    minify: true,
    mangleProps: INTERNAL_PROPERTIES,
    write: false,
    format: 'esm',
    target: 'es2022',
    banner: { js: '/* bff-gateway, Apache-2.0 */' },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
