import { json } from './wire-kit.js';

/** An answer in place of the vendor's own. */
export interface ScriptedAnswer {
  /** Which calls get it. Default `token`: login and refresh. */
  readonly on?: 'login' | 'refresh' | 'token' | 'api';
  /** How many calls. Default 1. */
  readonly times?: number;
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects go out as JSON. */
  readonly body?: unknown;
}

const fields = ['on', 'times', 'status', 'headers', 'body'];

/** The answers that calls get in place of a vendor's own, in the order in which a test asked for them. */
export class ScriptedAnswers {
  #waiting: { readonly answer: ScriptedAnswer; left: number }[] = [];

  /** The next calls get this answer and have no effect. @throws Error if no such answer can be sent */
  add(answer: ScriptedAnswer): void {
    const unknown = Object.keys(answer).find((name) => !fields.includes(name));
    if (unknown !== undefined) throw new Error(`no such field: ${unknown} (${fields.join(', ')})`);
    if (!['login', 'refresh', 'token', 'api'].includes(answer.on ?? 'token')) {
      throw new Error(`on: expected login, refresh, token or api, not ${answer.on}`);
    }
    responseOf(answer);
    this.#waiting.push({ answer, left: answer.times ?? 1 });
  }

  /** Takes the answer for a call of this kind; undefined: the vendor answers itself. */
  next(kind: 'login' | 'refresh' | 'api'): Response | undefined {
    const fits = ({ on = 'token' }: ScriptedAnswer): boolean =>
      on === kind || (on === 'token' && kind !== 'api');
    const script = this.#waiting.find(({ answer, left }) => left > 0 && fits(answer));
    if (script === undefined) return undefined;
    script.left--;
    return responseOf(script.answer);
  }

  clear(): void {
    this.#waiting = [];
  }
}

function responseOf({ status = 200, headers = {}, body }: ScriptedAnswer): Response {
  const isText = body === undefined || body === null || typeof body === 'string';
  return isText ? new Response(body ?? null, { status, headers }) : json(status, body, headers);
}
