import { ApiError, type Me } from '../sdk/event';
import { Backoff, pause } from '../sdk/rtc/backoff';

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
      if (error instanceof ApiError && error.status === 401) return null;
      if (!(error instanceof ApiError) || !(await pause(backoff.next(), over))) throw error;
    }
  }
}
