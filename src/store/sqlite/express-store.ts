/** express-session's store on SQLite: `get`, `set` and `destroy` on envelopes. */
import session from 'express-session';

type Callback<T> = (error?: unknown, value?: T) => void;

export interface EnvelopeRecords {
  read(key: string): Promise<string | undefined>;
  write(key: string, envelope: string, expiresAt: number): Promise<void>;
  end(key: string): Promise<boolean>;
}

/** On a tick of its own, so that a callback that throws is not taken for a failure of the store. */
function settle<T>(work: Promise<T>, done: Callback<T> | undefined): void {
  work.then(
    (value) => process.nextTick(() => done?.(undefined, value)),
    (error: unknown) => process.nextTick(() => done?.(error)),
  );
}

export class SqliteExpressStore extends session.Store {
  readonly #records: EnvelopeRecords;

  constructor(records: EnvelopeRecords) {
    super();
    this.#records = records;
  }

  override get(key: string, done: Callback<session.SessionData | null>): void {
    const read = async () => {
      const json = await this.#records.read(key);
      return json === undefined ? null : (JSON.parse(json) as session.SessionData);
    };
    settle(read(), done);
  }

  override set(key: string, data: session.SessionData & { expiresAt?: number }, done?: Callback<void>): void {
    settle(this.#records.write(key, JSON.stringify(data), data.expiresAt ?? 0), done);
  }

  override destroy(key: string, done?: Callback<void>): void {
    settle(
      this.#records.end(key).then(() => undefined),
      done,
    );
  }
}
