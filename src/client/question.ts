/** Asks once for all requests that were refused for the same reason before the answer. */
import type { Refusal, Session } from './base/types.ts';

/** The session to send refused requests again with; undefined to leave them refused. */
export type Answer = Session | undefined;

interface Question {
  /** The number of the answer, once there is one. */
  number?: number;
  answer: Promise<Answer>;
}

export function createQuestions(ask: (refusal: Refusal, begun: number, finished: number) => Promise<Answer>) {
  const questions: Record<string, Question> = {};
  let answers = 0;
  return {
    /** To be noted when a request is sent. */
    answerCount: () => answers,
    /** The numbers are those when the request was sent: answers, and reads of the session that had begun and finished. */
    answerTo(refusal: Refusal, noted: number, begun: number, finished: number): Promise<Answer> {
      const asked = questions[refusal.loginUrl];
      if (asked && noted <= (asked.number ?? noted)) return asked.answer;
      const question: Question = {
        answer: ask(refusal, begun, finished).finally(() => {
          question.number = answers++;
        }),
      };
      questions[refusal.loginUrl] = question;
      return question.answer;
    },
  };
}
