import { ApiError, type Me } from '../sdk/event';
import { Backoff, pause } from '../sdk/rtc/backoff';

/** Says nothing of who it is: no network, a limit, a fault. */
const passes = ({ status }: ApiError): boolean => status === 0 || status === 429 || status >= 500;

/**
 * Asks who is signed in until it is known; null: nobody. Only the server's own "no" makes a guest of somebody: who is taken for one because of a limit or a fault
 * comes into an event as another person, and is counted twice.
 */
export async function whoIsHere(ask: () => Promise<Me>, over: AbortSignal): Promise<Me | null> {
  const backoff = new Backoff(1_000, 15_000);
  backoff.next(); // the first wait is a second already
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!passes(error)) return null;
      if (!(await pause(backoff.next(), over))) throw error;
    }
  }
}
