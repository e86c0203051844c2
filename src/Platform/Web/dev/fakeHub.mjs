// The hub of the media node, spoken over Playwright's routed WebSocket; its media come from fakeSfu.js inside the page.
const end = '\u001e';
const you = { participantId: 'me', identity: 'p1.x', name: 'Astrid Lindqvist', role: 'organiser', canPublish: true, canSubscribe: true, sources: ['camera', 'microphone', 'screen', 'screen_audio'] };

export async function fakeHub(page, { people, screen = false, role = 'organiser' }) {
  await page.addInitScript({ path: new URL('./fakeSfu.js', import.meta.url).pathname });
  const hues = [210, 20, 150, 320, 260, 90, 45, 180, 350, 120];
  const others = people.map((name, index) => ({
    participantId: `other-${index}`,
    identity: `other-${index}`,
    name,
    role: index === 0 ? 'speaker' : 'attendee',
    canPublish: index < 9,
    hand: index > 1 && index < 4 ? 10 - index : null,
    moderates: index === 0,
    tracks:
      index < 9
        ? [
            { trackId: `m${index}`, kind: 'audio', source: 'microphone', muted: index % 3 === 2, codec: 'opus' },
            { trackId: `c${index}`, kind: 'video', source: 'camera', muted: index === 3, codec: 'vp8' },
            ...(screen && index === 0 ? [{ trackId: 's0', kind: 'video', source: 'screen', muted: false, codec: 'vp8' }] : []),
          ]
        : [],
  }));
  const tracks = others.flatMap((person, index) => person.tracks.map((track) => ({ ...track, participantId: person.participantId, hue: hues[index] })));
  const hub = { calls: [], sockets: [], drop: () => hub.sockets.at(-1)?.close() };

  await page.routeWebSocket(/\/hubs\/rtc/, (socket) => {
    hub.sockets.push(socket);
    const send = (message) => socket.send(JSON.stringify(message) + end);
    const say = (target, ...args) => send({ type: 1, target, arguments: args });
    const me = () => ({ ...you, role, hand: null, moderates: role === 'organiser', reconnecting: false, tracks: hub.own ?? [] });
    const welcome = async (first) => ({
      ok: true,
      you: { ...you, role, moderates: role === 'organiser' },
      resumeToken: `resume-${hub.sockets.length}`,
      room: { id: 's2', locked: false },
      participants: [...others, me()],
      iceServers: [],
      offer: first && tracks.length > 0 ? await page.evaluate((wanted) => window.fakeSfu.offer(wanted), tracks) : null,
    });
    const handlers = {
      join: () => welcome(true),
      resume: () => welcome(false),
      publish: async ({ sdp, tracks: declared }) => {
        const answer = await page.evaluate((offer) => window.fakeSfu.publish(offer), sdp);
        hub.own = declared.map(({ mid, source, muted }) => ({ trackId: `own-${mid}`, kind: /screen$|camera/.test(source) ? 'video' : 'audio', source, muted, codec: '' }));
        for (const track of hub.own) say('trackPublished', { participantId: you.participantId, track });
        return { ok: true, sdp: answer };
      },
      subscribeAnswer: async ({ sdp }) => {
        await page.evaluate((answer) => window.fakeSfu.answer(answer), sdp);
        return { ok: true };
      },
    };
    socket.onMessage(async (text) => {
      for (const frame of String(text).split(end).filter(Boolean)) {
        const message = JSON.parse(frame);
        if (message.protocol) socket.send('{}' + end);
        if (message.type !== 1) continue;
        hub.calls.push(message.target);
        const result = await (handlers[message.target]?.(...message.arguments) ?? { ok: true });
        if (message.invocationId) send({ type: 3, invocationId: message.invocationId, result });
        if (message.target === 'join') setInterval(() => say('activeSpeakers', { speakers: [{ participantId: 'other-0', level: 0.3 }] }), 500).unref();
      }
    });
  });
  return hub;
}
