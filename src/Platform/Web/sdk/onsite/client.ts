import { ApiError, type Fetch } from '../event/api';
import type { Conflict, DeviceSelf, Lead, ListPage, NewScan, ScanAnswer } from './contract';

/** A busy door does not wait longer for an answer than a person does. */
const askMs = 4_000;
const callMs = 20_000;

/** Calls `/onsite/v1` with the device's token and nothing of the browser's account. */
export class OnsiteClient {
  constructor(
    private readonly token: string | null,
    private readonly fetch: Fetch = (input, init) => globalThis.fetch(input, init),
  ) {}

  enrol(key: string): Promise<{ token: string; deviceId: string; eventId: string }> {
    return this.call('/enrol', { key });
  }

  device(): Promise<DeviceSelf> {
    return this.call('/device');
  }

  async conflicts(): Promise<Conflict[]> {
    return (await this.call<{ items: Conflict[] }>('/conflicts')).items;
  }

  /** What changed since; null: nothing. */
  tickets(cursor: string | undefined): Promise<ListPage | null> {
    return this.call(`/tickets?limit=1000${cursor ? `&cursor=${cursor}` : ''}`, undefined, callMs, cursor ? { 'If-None-Match': `"${cursor}"` } : {});
  }

  async scans(scans: NewScan[], now: number, asking = false): Promise<ScanAnswer[]> {
    return (await this.call<{ items: ScanAnswer[] }>('/scans', { clock: new Date(now).toISOString(), scans }, asking ? askMs : callMs)).items;
  }

  addLead(code: string): Promise<Lead> {
    return this.call('/leads', { code, consent: true });
  }

  /** Latest first. */
  async leads(): Promise<Lead[]> {
    return (await this.call<{ items: Lead[] }>('/leads?limit=200')).items;
  }

  async removeLead(id: string): Promise<void> {
    await this.call(`/leads/${id}`, undefined, callMs, {}, 'DELETE');
  }

  leadsCsv(): Promise<string> {
    return this.call('/leads.csv', undefined, callMs, { Accept: 'text/csv' });
  }

  private async call<T>(path: string, body?: unknown, timeoutMs = callMs, more: Record<string, string> = {}, method = body === undefined ? 'GET' : 'POST'): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', ...more };
    if (this.token) headers['Authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    let text: string;
    try {
      response = await this.fetch(`/onsite/v1${path}`, {
        method,
        headers,
        credentials: 'omit',
        cache: 'no-store',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch {
      throw new ApiError(0, 'unreachable', 'The server cannot be reached.');
    }
    if (response.status === 304 || response.status === 204) return null as T;
    if (response.ok && response.headers.get('content-type')?.startsWith('text/csv')) return text as T;
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      throw new ApiError(0, 'unreachable', 'Something on the way answered instead of the server.'); // a hotel's sign-in page, a proxy's error
    }
    if (response.ok) return answer as T;
    const problem = answer as { code?: string; detail?: string };
    throw new ApiError(response.status, problem.code ?? `http_${response.status}`, problem.detail ?? `The server answered ${response.status}.`);
  }
}
