// Runs inside the page: plays the media node with real peer connections, so that the SDK negotiates for real.
window.fakeSfu = (() => {
  const gathered = (pc) =>
    new Promise((resolve) => {
      if (pc.iceGatheringState === 'complete') return resolve();
      pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve());
    });
  let publisher;
  let subscriber;
  let revision = 0;
  const sent = [];

  function picture(hue, screen) {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const ink = canvas.getContext('2d');
    const started = performance.now();
    setInterval(() => {
      const t = (performance.now() - started) / 1000;
      if (screen) {
        ink.fillStyle = '#fbfbf9';
        ink.fillRect(0, 0, 640, 360);
        ink.fillStyle = '#1a2b56';
        ink.font = '600 30px sans-serif';
        ink.fillText('Queues, tails and people', 48, 78);
        ink.font = '17px sans-serif';
        ['p50 is a promise to the average', 'p99 is a promise to a person', 'p99.9 is a promise to your best customer'].forEach((line, index) =>
          ink.fillText(`•  ${line}`, 52, 130 + index * 34),
        );
        for (let bar = 0; bar < 24; bar++) {
          ink.fillStyle = bar > 20 ? '#d92f37' : '#2450d6';
          const height = 14 + bar * bar * 0.14 + 6 * Math.sin(t * 2 + bar);
          ink.fillRect(52 + bar * 22, 330 - height, 15, height);
        }
        return;
      }
      const light = ink.createLinearGradient(0, 0, 640, 360);
      light.addColorStop(0, `hsl(${hue} 30% 62%)`);
      light.addColorStop(1, `hsl(${hue + 40} 34% 26%)`);
      ink.fillStyle = light;
      ink.fillRect(0, 0, 640, 360);
      const sway = 8 * Math.sin(t + hue);
      ink.fillStyle = `hsl(${hue + 180} 26% 30%)`;
      ink.beginPath();
      ink.ellipse(320 + sway, 390, 150, 140, 0, 0, 7);
      ink.fill();
      ink.fillStyle = `hsl(${20 + (hue % 20)} 44% ${52 + (hue % 22)}%)`;
      ink.beginPath();
      ink.ellipse(320 + sway, 190, 66, 82, 0, 0, 7);
      ink.fill();
      ink.fillStyle = `hsl(${hue % 60} 30% 16%)`;
      ink.beginPath();
      ink.ellipse(320 + sway, 142, 70, 52, 0, Math.PI, 7);
      ink.fill();
    }, 50);
    return canvas.captureStream(20).getVideoTracks()[0];
  }

  function sound() {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    const out = context.createMediaStreamDestination();
    gain.gain.value = 0.02;
    tone.connect(gain).connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  }

  return {
    async publish(sdp) {
      publisher ??= new RTCPeerConnection();
      await publisher.setRemoteDescription({ type: 'offer', sdp });
      await publisher.setLocalDescription(await publisher.createAnswer());
      await gathered(publisher);
      return publisher.localDescription.sdp;
    },
    async offer(tracks) {
      subscriber ??= new RTCPeerConnection();
      for (const track of tracks.slice(sent.length)) {
        const media = track.kind === 'audio' ? sound() : picture(track.hue, track.source === 'screen');
        sent.push({ ...track, transceiver: subscriber.addTransceiver(media, { direction: 'sendonly' }) });
      }
      await subscriber.setLocalDescription(await subscriber.createOffer());
      await gathered(subscriber);
      revision += 1;
      return {
        revision,
        sdp: subscriber.localDescription.sdp,
        tracks: sent.map(({ transceiver, trackId, participantId, kind, source }) => ({ mid: transceiver.mid, trackId, participantId, kind, source })),
      };
    },
    async answer(sdp) {
      await subscriber.setRemoteDescription({ type: 'answer', sdp });
    },
  };
})();
