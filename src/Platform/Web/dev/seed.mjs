// Fills a running Development installation with an organisation as it looks in the middle of its work, over the public API.
const minute = 60_000;
const at = (minutes) => new Date(Math.floor(Date.now() / minute) * minute + minutes * minute).toISOString();

/** @param {import('playwright-core').APIRequestContext} request Signed in as nobody; signs in as the demo's organiser. */
export async function seed(request) {
  const call = async (method, path, data, headers = {}) => {
    const response = await request.fetch(`/api/v1${path}`, { method, data, headers: { 'X-Events-Csrf': '1', ...headers } });
    const text = await response.text();
    if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const post = (path, data, headers) => call('POST', path, data, headers);
  const demo = await call('GET', '/demo');
  await post('/auth/sign-in', { email: demo.email, password: demo.password });
  const organisation = await post('/organisations', { name: 'Kestrel Collective' });
  await post(`/organisations/${organisation.id}/payment-account`);
  await post(`/organisations/${organisation.id}/invitations`, { email: 'ada@kestrel.example', role: 'event_admin' });
  const event = await post(`/organisations/${organisation.id}/events`, {
    name: 'Nordic Systems Week',
    description:
      'Three days on the systems that nobody sees until they stop: schedulers, networks, storage, and the people who keep them running.\n\nTalks on the stage, open discussion in the sessions. Bring a question.',
    timeZone: 'Europe/Stockholm',
    startsAt: at(-60),
    endsAt: at(52 * 60),
    businessType: 'conference',
    state: 'live',
  });
  const path = `/events/${event.id}`;
  const stage = await post(`${path}/sessions`, { name: 'Main stage', kind: 'stage', startsAt: at(-60), endsAt: at(52 * 60) });
  const talk = await post(`${path}/sessions`, { name: 'Discussion room', kind: 'session' });
  await post(`${path}/sessions`, { name: 'Open room', kind: 'session' });
  const area = await post(`${path}/areas`, { name: 'Operations track', kind: 'stage' });
  const mirela = await post(`${path}/speakers`, { name: 'Mirela Ionescu', headline: 'Head of operations, Kestrel', bio: 'Keeps other people’s queues short, and writes down how.' });
  const kofi = await post(`${path}/speakers`, { name: 'Kofi Mensah', headline: 'Storage engineer' });
  const sara = await post(`${path}/speakers`, { name: 'Sara Haddad', headline: 'Author of “Slow is smooth”', bio: 'Twenty years of incidents, told without blame.' });
  const items = [
    ['Opening', -60, -40, stage.id, null, [sara.id], ''],
    ['Why tail latency is a people problem', -40, 50, stage.id, area.id, [mirela.id], 'The slowest one in a hundred decides what a product feels like. Where it comes from is rarely a machine.'],
    ['Storage that forgets nothing', 60, 105, stage.id, area.id, [kofi.id], ''],
    ['Questions over coffee', 110, 150, talk.id, null, [], 'Bring what did not fit into the talks.'],
    ['Incidents without blame', 24 * 60, 24 * 60 + 60, stage.id, area.id, [sara.id, mirela.id], ''],
  ];
  for (const [title, from, to, sessionId, areaId, speakerIds, description] of items) {
    await post(`${path}/schedule`, { title, startsAt: at(from), endsAt: at(to), sessionId, areaId, speakerIds, description });
  }
  const seats = await post(`${path}/quotas`, { name: 'Seats', capacity: 120 });
  const dinner = await post(`${path}/quotas`, { name: 'Dinner', capacity: 1 });
  const free = await post(`${path}/ticket-types`, { name: 'Community', description: 'Every talk and session.', quotaId: seats.id });
  const paid = await post(`${path}/ticket-types`, { name: 'Supporter', description: 'The same, and keeps the next one possible.', quotaId: seats.id, priceMinor: 4900, currency: 'EUR' });
  const full = await post(`${path}/ticket-types`, { name: 'Speakers’ dinner', quotaId: dinner.id, maxPerOrder: 1 });
  const crew = await post(`${path}/ticket-types`, { name: 'Crew', quotaId: seats.id, visibility: 'invited' });
  const question = await post(`${path}/questions`, { label: 'Will you join the workshop?', kind: 'yes_no', required: true });
  await post(`${path}/questions`, { label: 'Which one?', kind: 'choice', required: true, options: ['Tracing', 'Queues', 'On call'], shownIf: { questionId: question.id, answer: 'yes' } });
  await post(`${path}/questions`, { label: 'Anything you cannot eat?', kind: 'text', ticketTypeId: full.id });
  const consent = await call('PUT', `${path}/consent`, { storing: 'I agree that Kestrel Collective stores my name and address to run this event, and deletes them a month after it.', sharing: 'My name may be shared with the event’s sponsors.' });
  await post(`${path}/vouchers`, { code: 'EARLY20', percentOff: 20, maxUses: 50 });
  const invitation = await post(`${path}/ticket-types/${crew.id}/invitations`, { email: 'ravi@people.example' });
  await post(`${path}/team`, { email: 'nils@people.example', role: 'speaker' });
  const buy = (name, ticketTypeId, count = 1) =>
    post(
      `${path}/orders`,
      {
        name,
        email: `${name.split(' ')[0].toLowerCase()}@people.example`,
        tickets: Array.from({ length: count }, () => ({ ticketTypeId, answers: { [question.id]: false } })),
        consent: { version: consent.version, storing: true, sharing: false },
      },
      { 'Idempotency-Key': crypto.randomUUID() },
    );
  const order = await buy('Astrid Lindqvist', free.id, 2);
  await buy('Jun Watanabe', free.id);
  await buy('Olga Petrova', full.id);
  const pending = await buy('Tom Byrne', paid.id);
  const cancelled = await buy('Ana Souza', free.id);
  await post(`/orders/${cancelled.id}/cancel`, undefined, { 'X-Order-Key': cancelled.key });
  const draft = await post(`/organisations/${organisation.id}/events`, { name: 'Autumn member assembly', timeZone: 'Europe/Stockholm', startsAt: at(9 * 24 * 60), endsAt: at(9 * 24 * 60 + 120), businessType: 'internal', state: 'building' });
  await post(`/organisations/${organisation.id}/events`, { name: 'Museum nights: restoring the Vasa', description: 'A conservator shows the work of a decade, live from the ship hall.', timeZone: 'Europe/Stockholm', startsAt: at(-20 * 24 * 60), endsAt: at(-20 * 24 * 60 + 90), businessType: 'webinar' });
  return { organisation, event, draft, order, pending, invitation, demo };
}
