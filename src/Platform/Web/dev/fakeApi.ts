import type { Connect, Plugin } from 'vite';
import type { Recording } from '../sdk/event';

/** The platform's API from memory, for work on the pages. One event, an organiser, recordings that compose in ten seconds. */
export function fakeApi(): Plugin {
  return {
    name: 'fake-api',
    configureServer(server) {
      server.middlewares.use(answer);
    },
  };
}

const minute = 60_000;
const at = (fromNowMs: number): string => new Date(Date.now() + fromNowMs).toISOString();
const event = {
  id: '0198f6a2-0000-7000-8000-000000000001',
  slug: 'nordic-systems-week',
  name: 'Nordic Systems Week',
  description:
    'Three days on the systems that nobody sees until they stop: schedulers, networks, storage, and the people who keep them running.\n\nTalks on the stage, open discussion in the sessions. Bring a question.',
  timeZone: 'Europe/Stockholm',
  state: 'live',
  startsAt: at(-40 * minute),
  endsAt: at(52 * 60 * minute),
  organisation: { id: 'o1', name: 'Kestrel Collective' },
  version: 1,
  sessions: [
    { id: 's1', name: 'Main stage', kind: 'stage', startsAt: at(-40 * minute), endsAt: at(5 * 60 * minute), live: true, participants: 128, version: 1 },
    { id: 's2', name: 'Why tail latency is a people problem', kind: 'session', startsAt: at(-10 * minute), endsAt: at(50 * minute), live: true, participants: 5, version: 1 },
    { id: 's3', name: 'Open room', kind: 'session', startsAt: null, endsAt: null, live: false, participants: 0, version: 1 },
  ],
};
const others = [
  { ...event, id: 'e2', slug: 'autumn-member-assembly', name: 'Autumn member assembly', description: 'The yearly meeting: report, budget, elections.', startsAt: at(9 * 24 * 60 * minute), endsAt: at(9 * 24 * 60 * minute + 120 * minute) },
  { ...event, id: 'e3', slug: 'museum-nights', name: 'Museum nights: restoring the Vasa', description: 'A conservator shows the work of a decade, live from the ship hall.', startsAt: at(-20 * 24 * 60 * minute), endsAt: at(-20 * 24 * 60 * minute + 90 * minute) },
];

let signedIn = false;
const recordings: Recording[] = [
  recording('r1', 'ready', -26 * 60, { durationMs: 3_127_000, size: 684_200_000, assetId: 'a1' }),
  recording('r2', 'failed', -30 * 60, { failure: { code: 'compose_failed', detail: 'The disk was full while the video was being composed. Free some space, then record again.' } }),
  recording('r3', 'composing', -20, { progress: 0.42 }),
];

function recording(id: string, status: Recording['status'], startedMinutes: number, more: Partial<Recording>): Recording {
  return { id, sessionId: 's2', eventId: event.id, status, progress: null, startedAt: at(startedMinutes * minute), endedAt: null, durationMs: null, assetId: null, failure: null, refused: [], size: null, ...more };
}

const answer: Connect.NextHandleFunction = (request, response, next) => {
  const url = request.url?.split('?')[0] ?? '';
  if (!url.startsWith('/api/v1')) return next();
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const [status, body] = route(request.method ?? 'GET', url.slice('/api/v1'.length), text ? (JSON.parse(text) as Record<string, string>) : {});
    response.statusCode = status;
    response.setHeader('content-type', status >= 400 ? 'application/problem+json' : 'application/json');
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
};

function route(method: string, path: string, body: Record<string, string>): [number, unknown] {
  const problem = (status: number, code: string, detail: string): [number, unknown] => [status, { status, code, detail }];
  const key = `${method} ${path}`;
  if (key === 'GET /me') return signedIn ? [200, { user: { id: 'u1', email: 'demo@example.org', name: 'Astrid Lindqvist' }, organisations: [] }] : problem(401, 'not_signed_in', 'Sign in first.');
  if (key === 'POST /auth/sign-in') {
    if (body['password'] !== 'demo') return problem(401, 'sign_in_failed', 'The email or the password is not right.');
    signedIn = true;
    return [200, { user: { id: 'u1', email: body['email'], name: 'Astrid Lindqvist' } }];
  }
  if (key === 'POST /auth/sign-out') {
    signedIn = false;
    return [204, undefined];
  }
  if (key === 'GET /demo') return [200, { email: 'demo@example.org', password: 'demo', eventSlug: event.slug }];
  if (key === 'GET /events') return [200, { items: [event, ...others], next: null }];
  if (path.startsWith('/events/') && path.endsWith('/entry')) {
    return [200, { token: 't', expiresAt: at(60 * minute), expiresIn: 3600, participant: { id: 'p1', name: body['name'] ?? 'Astrid Lindqvist', role: signedIn ? 'organiser' : 'attendee' } }];
  }
  if (path.endsWith('/recordings') && method === 'GET') return [200, { items: recordings, next: null }];
  if (path.endsWith('/recordings') && method === 'POST') {
    const made = recording(`r${recordings.length + 1}`, 'recording', 0, {});
    recordings.unshift(made);
    return [201, made];
  }
  const one = recordings.find(({ id }) => path.startsWith(`/recordings/${id}`));
  if (one && (path.endsWith('/stop') || path.endsWith('/compose'))) {
    one.status = 'composing';
    one.progress = 0.1;
    return [202, one];
  }
  if (one && path.endsWith('/playback')) {
    return [200, { url: '/media/demo.mp4', thumbnailUrl: null, expiresAt: at(60 * minute), mimeType: 'video/mp4', durationMs: one.durationMs ?? 0, width: 1280, height: 720, size: one.size ?? 0, checksum: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }];
  }
  if (one) return [200, one];
  if (path.startsWith('/sessions/') && path.endsWith('/grants')) return [200, { grant: 'g', mediaUrl: 'http://127.0.0.1:5199', room: 's2', identity: 'p1.x', name: 'Astrid Lindqvist', role: 'organiser', iceServers: [], expiresAt: at(minute) }];
  if (path.endsWith('/schedule')) return [200, { timeZone: event.timeZone, items: [], speakers: [], areas: [] }];
  if (path.endsWith('/tickets')) return [200, { types: [], questions: [], consent: null }];
  if (path === `/events/${event.slug}`) return [200, event];
  return problem(404, 'not_found', 'There is nothing at this address.');
}
