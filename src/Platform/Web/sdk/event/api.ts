/** An answer that is not a success: `application/problem+json` with a stable code, or a network that did not answer. */
export class ApiError extends Error {
  constructor(
    /** 0 when nothing answered. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** When the server wants to be asked again, from now; null: it said nothing. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** Sent as it is, instead of a JSON body. */
  raw?: Blob;
  bearer?: string | undefined;
  /** Sent along, like `X-Order-Key`. */
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Calls the platform. The account cookie goes along; the header proves that no plain form sent the request. */
export class Api {
  constructor(private readonly fetch: Fetch = (input, init) => globalThis.fetch(input, init)) {}

  async call<T>(path: string, request: ApiRequest = {}): Promise<T> {
    const response = await this.send(path, request, 'application/json');
    const content = response.headers.get('content-type') ?? '';
    if (response.status === 204 || (response.status === 202 && !content.includes('json'))) return undefined as T;
    return (await response.json()) as T;
  }

  /** A file that needs the caller's headers, and so cannot be linked to. */
  async file(path: string, request: ApiRequest = {}): Promise<Blob> {
    return (await this.send(path, request, '*/*')).blob();
  }

  private async send(path: string, request: ApiRequest, accept: string): Promise<Response> {
    const { method = 'GET', body, raw, bearer, signal } = request;
    const headers: Record<string, string> = { Accept: accept, ...request.headers };
    if (method !== 'GET') headers['X-Events-Csrf'] = '1';
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (raw) headers['Content-Type'] = raw.type || 'application/octet-stream';
    if (bearer) headers['Authorization'] = `Bearer ${bearer}`;
    let response: Response;
    try {
      response = await this.fetch(`/api/v1${path}`, {
        method,
        headers,
        credentials: 'same-origin',
        ...(raw ? { body: raw } : body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'unreachable', 'The server cannot be reached. Check your connection and try again.');
    }
    if (!response.ok) {
      const content = response.headers.get('content-type') ?? '';
      const problem = content.includes('json') ? await readProblem(response) : {};
      throw new ApiError(
        response.status,
        problem.code ?? `http_${response.status}`,
        problem.detail ?? problem.title ?? `The server answered ${response.status}.`,
        seconds(response.headers.get('retry-after')),
      );
    }
    return response;
  }
}

/** As the platform says it; a date, as a proxy may, is none that a clock which is wrong could follow. */
const seconds = (header: string | null): number | null => (header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null);

async function readProblem(response: Response): Promise<{ code?: string; title?: string; detail?: string }> {
  try {
    return (await response.json()) as { code?: string; title?: string; detail?: string };
  } catch {
    return {}; // cut off on its way: the status has to do
  }
}
