using System.Diagnostics;
using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Server.Tests.Client;

public class ClientPairTests
{
    private static readonly OpenSslDtlsEngineFactory Dtls = new();

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Every_packet_arrives_once_and_intact_over_a_lossy_link(SrtpProfile profile)
    {
        var link = new LossyPair(seed: 42, loss: 0.05, new() { Profiles = [profile] });
        link.Connect();
        var video = link.Publisher.Peer.Senders.Single(s => s.Media.Kind == MediaKind.Video);
        var sent = link.SendFrames(video, frames: 200);
        link.Run(TimeSpan.FromSeconds(3));

        Assert.Equal(sent.Count, link.Viewer.Payloads.Count);
        Assert.True(sent.ToHashSet().SetEquals(link.Viewer.Payloads));
        var track = Assert.Single(link.Viewer.Peer.Receivers);
        Assert.True(track.PacketsRepaired > 0);
        Assert.Equal((sent.Count, 0L), ((int)track.PacketsReceived, track.PacketsLost));
        Assert.True(track.HasKeyframe);
        Assert.True(video.Retransmitted > 0);
    }

    [Fact]
    public void A_viewer_without_a_keyframe_asks_for_one()
    {
        var link = new LossyPair(seed: 1, loss: 0, new());
        link.Connect();
        var video = link.Publisher.Peer.Senders.Single(s => s.Media.Kind == MediaKind.Video);
        link.SendFrames(video, frames: 40, keyframeFirst: false);

        Assert.Contains(video, link.Publisher.KeyframeRequests);
    }

    [Fact]
    public void Closing_one_side_closes_the_other()
    {
        var link = new LossyPair(seed: 2, loss: 0, new());
        link.Connect();
        link.Publisher.Peer.Close(link.Now);
        link.Run(TimeSpan.FromSeconds(1));

        Assert.Equal((ClientPeerState.Closed, "closed_remotely"), (link.Viewer.Peer.State, link.Viewer.Peer.Reason));
    }

    [Fact]
    public void Silence_of_the_other_side_costs_consent()
    {
        var link = new LossyPair(seed: 3, loss: 0, new());
        link.Connect();
        link.Loss = 1;
        link.Run(TimeSpan.FromSeconds(40));

        Assert.Equal((ClientPeerState.Failed, "consent_lost"), (link.Publisher.Peer.State, link.Publisher.Peer.Reason));
    }

    [Fact]
    public void Nobody_there_fails_with_an_ice_timeout()
    {
        var link = new LossyPair(seed: 4, loss: 1, new());
        link.Publisher.Peer.Start(link.Now);
        link.Run(TimeSpan.FromSeconds(20));

        Assert.Equal((ClientPeerState.Failed, "ice_timeout"), (link.Publisher.Peer.State, link.Publisher.Peer.Reason));
    }

    /// <summary>A publisher and a viewer in virtual time, 10 ms apart, over a link that loses by a seed.</summary>
    private sealed class LossyPair
    {
        private static readonly TransportAddress Somewhere = TransportAddress.FromIPv4(0x7F00_0001, 9);
        private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

        private readonly Random _random;
        private readonly Queue<(MonotonicTime At, Side To, byte[] Bytes)> _wire = new();

        public LossyPair(int seed, double loss, ClientPeerOptions options)
        {
            _random = new(seed);
            Loss = loss;
            var offerer = new ClientDescription(Dtls.LocalFingerprint) { LocalCandidates = [Somewhere] };
            var answerer = new ClientDescription(Dtls.LocalFingerprint) { LocalCandidates = [Somewhere] };
            Assert.True(answerer.TryAnswer(offerer.WriteOffer(ClientMediaPlan.Publish), out var answer, out var viewerSession, out var error), error);
            Assert.True(offerer.TryReadAnswer(answer, out var publisherSession, out error), error);
            Publisher = new(this, publisherSession, options);
            Viewer = new(this, viewerSession, options with { SendsChecks = false });
        }

        public double Loss { get; set; }

        public MonotonicTime Now { get; private set; } = MonotonicTime.FromMilliseconds(1_000);

        public Side Publisher { get; }

        public Side Viewer { get; }

        public void Connect()
        {
            Publisher.Peer.Start(Now);
            Viewer.Peer.Start(Now);
            // libssl times its retransmissions by the real clock, which virtual time must not outrun (docs/deviations/dtls.md).
            var start = Now;
            var clock = Stopwatch.StartNew();
            while ((Publisher.Peer.State != ClientPeerState.Connected || Viewer.Peer.State != ClientPeerState.Connected)
                && clock.Elapsed < TimeSpan.FromSeconds(14))
            {
                Run(start + clock.Elapsed - Now);
            }

            Assert.Equal((ClientPeerState.Connected, ClientPeerState.Connected), (Publisher.Peer.State, Viewer.Peer.State));
        }

        public List<string> SendFrames(ClientSendTrack track, int frames, bool keyframeFirst = true)
        {
            var packetizer = new Vp8Packetizer();
            var sent = new List<string>();
            var buffer = new byte[Vp8Packetizer.DefaultMaxPayload];
            for (var i = 0; i < frames; i++)
            {
                var frame = new byte[_random.Next(20, 8_000)];
                _random.NextBytes(frame);
                // RFC 6386 §9.1: a keyframe has bit 0 of the tag clear, the start code behind it, then its size.
                frame[0] = (byte)(i == 0 && keyframeFirst ? frame[0] & ~1 : frame[0] | 1);
                if (i == 0 && keyframeFirst)
                {
                    ((byte[])[0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01]).CopyTo(frame, 3);
                }

                var fragments = packetizer.Split(frame);
                while (fragments.TryNext(buffer, out var length, out var last))
                {
                    Assert.True(Publisher.Peer.SendMedia(track, buffer.AsSpan(0, length), new((uint)(i * 3_000)), last, Now));
                    sent.Add(Convert.ToHexString(buffer.AsSpan(0, length)));
                }

                Run(TimeSpan.FromMilliseconds(33));
            }

            // The last packets' loss shows only when something follows them.
            var loss = Loss;
            Loss = 0;
            Assert.True(Publisher.Peer.SendMedia(track, [0x90, 0x80, 0xFF, 0xFF, 1], new((uint)(frames * 3_000)), true, Now));
            sent.Add(Convert.ToHexString([0x90, 0x80, 0xFF, 0xFF, 1]));
            Run(TimeSpan.FromMilliseconds(50));
            Loss = loss;
            return sent;
        }

        public void Run(TimeSpan time)
        {
            for (var end = Now + time; Now < end;)
            {
                Now += Step;
                while (_wire.TryPeek(out var next) && next.At <= Now)
                {
                    _wire.Dequeue();
                    next.To.Peer.Receive(next.Bytes, Somewhere, Now);
                }

                foreach (var side in (Side[])[Publisher, Viewer])
                {
                    if (Now >= side.Peer.Deadline)
                    {
                        side.Peer.HandleDeadline(Now);
                    }
                }
            }
        }

        public sealed class Side : IClientPeerEvents
        {
            private readonly LossyPair _pair;

            public Side(LossyPair pair, ClientSession session, ClientPeerOptions options)
            {
                _pair = pair;
                Peer = new(options, session, Dtls, SrtpCiphers.Default, this);
            }

            public ClientPeer Peer { get; }

            public List<string> Payloads { get; } = [];

            public List<ClientSendTrack> KeyframeRequests { get; } = [];

            public void Send(ReadOnlySpan<byte> datagram)
            {
                if (_pair._random.NextDouble() >= _pair.Loss)
                {
                    _pair._wire.Enqueue((_pair.Now + Delay, this == _pair.Publisher ? _pair.Viewer : _pair.Publisher, datagram.ToArray()));
                }
            }

            public void StateChanged(ClientPeerState state, string? reason)
            {
            }

            public void KeyframeRequested(ClientSendTrack track) => KeyframeRequests.Add(track);

            public void MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) =>
                Payloads.Add(Convert.ToHexString(packet.Payload));
        }
    }
}
