/** The certificates of the public port: read from files, read again when these change, chosen by the host name of the client. */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../../base/errors.ts';
import { certificateNames, namesOf } from '../../base/system/certificate.ts';
import { type KeyPair, type KeyPairFiles, readCertificates, readKeyPair } from '../../base/system/key-pair.ts';
import type { Config } from '../../config/schema/schema.ts';
import { certificatesOf } from '../../config/traffic/listen-tls.ts';
import type { Logger } from '../../observe/log.ts';

export type ListenTls = NonNullable<Config['listen']['tls']>;

/** A certificate in use. */
export interface LoadedCertificate {
  readonly option: string;
  readonly files: KeyPairFiles;
  readonly pair: KeyPair;
  readonly context: SecureContext;
}

export interface CertificateOptions {
  readonly tls: ListenTls;
  readonly log: Logger;
  /** Options of every secure context, such as the oldest version. */
  readonly context: SecureContextOptions;
  /** Files were reloaded, or could not be; each time that they are read. */
  onReload(outcome: 'reloaded' | 'failed'): void;
}

export interface Certificates {
  /** Those in use, the default one first. */
  readonly all: () => readonly LoadedCertificate[];
  /** The options of the default context, for clients that name no host. */
  readonly defaultOptions: () => SecureContextOptions;
  /** The context for a host name, with wildcards of one label (RFC 6125 section 6.4.3); undefined if no certificate has the name. */
  contextOf(name: string): SecureContext | undefined;
  /** Reads the files; returns whether anything has changed. What cannot be used leaves the certificate in use as it is. */
  refresh(): boolean;
}

/** All files of the options. */
export const filesOf = (tls: ListenTls): string[] => [
  ...certificatesOf(tls).flatMap(([, { certificate, key }]) => [certificate, key]),
  ...(tls.clientCa === undefined ? [] : [tls.clientCa]),
];

const readClientCa = ({ clientCa }: ListenTls) =>
  clientCa === undefined ? undefined : readCertificates('listen.tls.clientCa', clientCa);

/**
 * Returns a function for the value that `read` returns, or for the one in use if it throws. It reports a failure once, until it succeeds or
 * fails for another reason: files are also read when they have not changed.
 */
function createAttempt({ log, onReload }: Pick<CertificateOptions, 'log' | 'onReload'>) {
  const reported = new Map<string, string>();
  return function attempt<T>(option: string, inUse: T, read: () => T): T {
    try {
      const value = read();
      reported.delete(option);
      return value;
    } catch (error) {
      const reason = messageOf(error);
      onReload('failed');
      if (reported.get(option) !== reason)
        log.error({ option, reason }, 'failed to reload a certificate; keeping the one in use');
      reported.set(option, reason);
      return inUse;
    }
  };
}

function tableOf(all: readonly LoadedCertificate[]): Map<string, SecureContext> {
  const byName = new Map<string, SecureContext>();
  // The first certificate with a name has precedence.
  for (const { pair, context } of all.toReversed()) for (const name of namesOf(pair.leaf)) byName.set(name, context);
  return byName;
}

/** Reads the certificates. Throws an Error with the option and the reason if one cannot be used. */
export function createCertificates(options: CertificateOptions): Certificates {
  const { tls, log, context, onReload } = options;
  const attempt = createAttempt(options);
  let ca = readClientCa(tls);
  const optionsOf = ({ cert, key }: KeyPair) => ({ ...context, cert, key, ...(ca === undefined ? {} : { ca }) });
  const load = (option: string, files: KeyPairFiles, pair: KeyPair): LoadedCertificate => ({
    option,
    files,
    pair,
    context: createSecureContext(optionsOf(pair)),
  });
  let all = certificatesOf(tls).map(([option, files]) => load(option, files, readKeyPair(option, files)));
  let byName = tableOf(all);

  function reload(certificate: LoadedCertificate, hasOtherCa: boolean): LoadedCertificate {
    const { option, files, pair: inUse } = certificate;
    const reloaded = attempt(option, certificate, () => {
      const pair = readKeyPair(option, files);
      if (pair.cert === inUse.cert && pair.key === inUse.key) return certificate;
      const loaded = load(option, files, pair);
      onReload('reloaded');
      log.info({ option, names: namesOf(pair.leaf), validTo: pair.leaf.validTo }, 'certificate reloaded');
      return loaded;
    });
    // A client CA that was removed must not stay in use because the pair cannot be read.
    return reloaded === certificate && hasOtherCa ? load(option, files, inUse) : reloaded;
  }

  return {
    all: () => all,
    defaultOptions: () => (all[0] ? optionsOf(all[0].pair) : context),
    contextOf(name) {
      const [exact, wildcard] = certificateNames(name);
      return byName.get(exact) ?? byName.get(wildcard);
    },
    refresh() {
      const caInUse = ca;
      ca = attempt('listen.tls.clientCa', ca, () => readClientCa(tls));
      if (ca !== caInUse) {
        onReload('reloaded');
        log.info({ option: 'listen.tls.clientCa' }, 'client CAs reloaded');
      }
      const reloaded = all.map((certificate) => reload(certificate, ca !== caInUse));
      const hasChanged = reloaded.some((certificate, at) => certificate !== all[at]);
      if (hasChanged) {
        all = reloaded;
        byName = tableOf(all);
      }
      return hasChanged;
    },
  };
}
