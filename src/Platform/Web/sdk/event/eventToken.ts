import { Api, ApiError, type ApiRequest } from './api';
import type { Entry } from './contract';

/** What a browser tab keeps: `sessionStorage`, so that two tabs are two participants and a reload is the same one. */
export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** An entry, and until when it is good on this machine's clock, which may be wrong. */
type Kept = Entry & { until: number };

/** A token is renewed this long before it expires, so that slow answers do no harm. */
const renewBeforeMs = 60_000;

/** This tab's way into one event: its token, renewed before it expires, and calls that carry it. */
export class EventAccess {
  private entry: Kept | null = null;
  /** Of who was here as a guest, in this tab, before signing in: shown once, so that the account goes on as that participant and is no second one. */
  private guest: Kept | null = null;
  private entering: Promise<Entry> | null = null;

  constructor(
    private readonly eventId: string,
    /** Who is signed in: a guest's token is not used for an account, nor the other way round. */
    private readonly accountId: string | null,
    private readonly api: Api,
    private readonly storage: TabStorage | null,
    private readonly now: () => number = Date.now,
    /** The organizer pass: a member of the organisation looks as attendees do, hidden and counted nowhere. */
    private readonly preview = false,
  ) {
    this.entry = this.read(this.key);
    if (this.accountId !== null && !preview) this.guest = this.read(this.guestKey);
  }

  /** Who this tab is in the event, if it has entered before. */
  get participant(): Entry['participant'] | null {
    return this.entry?.participant ?? null;
  }

  /** Enters, or enters again under another name. */
  enter(name?: string): Promise<Entry> {
    return this.renew(name);
  }

  /** A token that is good for at least another minute (one that cannot be renewed is used up to its end). */
  async token(): Promise<string> {
    const left = this.leftMs();
    if (this.entry && !this.guest && left > renewBeforeMs) return this.entry.token;
    try {
      return (await this.renew()).token;
    } catch (error) {
      if (this.entry && this.leftMs() > 0 && error instanceof ApiError && error.status !== 401) return this.entry.token;
      throw error;
    }
  }

  /** Calls an event-domain endpoint. A token that the server no longer takes is renewed once. */
  async call<T>(path: string, request: Omit<ApiRequest, 'bearer'> = {}): Promise<T> {
    const bearer = await this.token();
    try {
      return await this.api.call<T>(path, { ...request, bearer });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const again = this.entry && this.entry.token !== bearer ? this.entry : await this.renew();
      return this.api.call<T>(path, { ...request, bearer: again.token });
    }
  }

  /** Forgets this tab's participant (after signing in or out). */
  forget(): void {
    this.entry = null;
    this.storage?.removeItem(this.key);
    this.forgetGuest();
  }

  private forgetGuest(): void {
    if (this.guest) this.storage?.removeItem(this.guestKey);
    this.guest = null;
  }

  private renew(name?: string): Promise<Entry> {
    this.entering ??= this.request(name).finally(() => (this.entering = null));
    return this.entering;
  }

  private async request(name?: string): Promise<Entry> {
    const path = `/events/${encodeURIComponent(this.eventId)}/entry`;
    // Also one that has expired: for some hours a guest who slept is known by it, and no second one.
    const old = (this.guest ?? this.entry)?.token;
    // Should it not be taken, a guest comes back under the name of before.
    const known = name ?? this.entry?.participant.name;
    const body = { ...(name === undefined && old && this.accountId !== null ? {} : { name: known }), ...(this.preview ? { preview: true } : {}) };
    let entry: Entry;
    try {
      entry = await this.api.call<Entry>(path, { method: 'POST', body, bearer: old });
    } catch (error) {
      if (!old || !(error instanceof ApiError) || error.status !== 401) throw error;
      // The old token is not taken (its keys were changed): come in anew.
      this.forget();
      entry = await this.api.call<Entry>(path, { method: 'POST', body: { ...body, name: known } });
    }
    this.entry = { ...entry, until: this.now() + entry.expiresIn * 1000 };
    this.storage?.setItem(this.key, JSON.stringify(this.entry));
    this.forgetGuest();
    return entry;
  }

  private leftMs(): number {
    return this.entry ? this.entry.until - this.now() : 0;
  }

  private get key(): string {
    return `events.entry.${this.eventId}.${this.accountId ?? 'guest'}${this.preview ? '.preview' : ''}`;
  }

  private get guestKey(): string {
    return `events.entry.${this.eventId}.guest`;
  }

  private read(key: string): Kept | null {
    const kept = this.storage?.getItem(key);
    if (!kept) return null;
    try {
      const entry = JSON.parse(kept) as Kept;
      return typeof entry.token === 'string' && typeof entry.until === 'number' ? entry : null;
    } catch {
      return null; // written by something else: enter anew
    }
  }
}
