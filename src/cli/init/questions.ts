/** Takes answers from options, from a person, or from defaults; collects the options that are missing. */
import { messageOf } from '../../base/errors.ts';

/** A person at a terminal. */
export interface Prompter {
  /** Asks; with `isHidden`, what is typed is not shown. Rejects when the person stops. */
  ask(question: string, isHidden?: boolean): Promise<string>;
  say(text: string): void;
}

/** An option that is missing or not valid: wrong usage. */
export class WrongAnswer extends Error {}

export interface Question<T> {
  /** The option that answers it, such as `--client-id <ID>`. */
  readonly option: string;
  /** Value of the option. */
  readonly given: string | undefined;
  readonly question: string;
  /** Used where the answer is empty, or where there is no person. */
  readonly fallback?: string;
  readonly isHidden?: boolean;
  /** Throws an Error that says what is expected. */
  readonly parse: (text: string) => T;
}

export interface Questions {
  /** Whether a person answers. */
  readonly isInteractive: boolean;
  /** The answer; undefined if it is missing, which `missing` reports. */
  answer<T>(question: Question<T>): Promise<T | undefined>;
  /** The error that lists the options that are missing. */
  missing(): WrongAnswer;
}

const nameOf = (option: string) => option.split(' ')[0] ?? option;

async function askUntilValid<T>(prompter: Prompter, { question, fallback, isHidden, parse }: Question<T>): Promise<T> {
  for (;;) {
    const prompt = fallback === undefined || fallback === '' ? `${question}: ` : `${question} [${fallback}]: `;
    const text = (await prompter.ask(prompt, isHidden)).trim();
    try {
      return parse(text === '' ? (fallback ?? '') : text);
    } catch (error) {
      prompter.say(`  ${messageOf(error)}\n`);
    }
  }
}

/** Asks the person; without one, uses options and defaults alone. */
export function createQuestions(prompter: Prompter | undefined): Questions {
  const missing: string[] = [];
  return {
    isInteractive: prompter !== undefined,
    async answer<T>(question: Question<T>) {
      const { option, given, fallback, parse } = question;
      const text = given ?? (prompter === undefined ? fallback : undefined);
      if (text !== undefined) {
        try {
          return parse(text.trim());
        } catch (error) {
          throw new WrongAnswer(`error: ${nameOf(option)} ${text}: ${messageOf(error)}`);
        }
      }
      if (prompter !== undefined) return await askUntilValid(prompter, question);
      missing.push(`  ${option}  (${question.question})`);
      return undefined;
    },
    missing: () =>
      new WrongAnswer(
        ['error: without a terminal there are no questions, and these options are missing:', ...missing].join('\n'),
      ),
  };
}
