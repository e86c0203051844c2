using System.Net.Sockets;
using System.Reflection;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What breaks while something is sent to one viewer costs that viewer: not the publisher, in whose turn it happens, nor the others.</summary>
public class FaultScenarios
{
    private static readonly CameraPlan Plain = new(25, Bitrate.FromKilobits(400)) { HasLayers = false, IsBurst = true };
    private static readonly CameraPlan Layered = new(25, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500));

    /// <summary>Few are sent each packet at once, many a frame together, when its last packet or a deadline comes.</summary>
    [Theory]
    [InlineData(false, false, 3, TrackKind.Video)]
    [InlineData(false, false, 9, TrackKind.Video)]
    [InlineData(false, false, 9, TrackKind.Audio)]
    [InlineData(true, false, 9, TrackKind.Video)]
    [InlineData(false, true, 3, TrackKind.Audio)]
    public void A_viewer_to_whom_sending_breaks_is_ended_alone(bool layers, bool red, int viewers, TrackKind kind) => Scenario.Run(simulation =>
    {
        var ciphers = new BreakingCiphers();
        var plan = layers ? Layered : Plain with { AudioRed = red };
        using var call = new VirtualCall(simulation, [plan], viewers, takesRed: viewer => viewer % 2 == 0, ciphers: ciphers);
        var broken = call.Viewers[1]; // Of those who do not take redundancy.
        broken.MayEnd = true;
        simulation.AtSecond(5, () => ciphers.Breaks = broken.Transport!.Find(call.Room.Tracks.First(t => t.Kind == kind).Id)!.Ssrc);
        simulation.RunTo(10);
        Assert.Equal("internal_error", broken.Ended?.Code);
        Assert.Equal(1, call.Worker.Counters.Faults);
        Assert.Equal(viewers, call.Room.Participants.Count); // One went, and one publishes.
        foreach (var viewer in call.Viewers.Where(v => v != broken))
        {
            Assert.Empty(viewer.Picture.Gaps);
            Assert.InRange(viewer.AudioReceived, 430, 455); // Nine seconds of fifty.
        }
    });

    /// <summary>Who joins is shown the past, in the worker's turn.</summary>
    [Fact]
    public void A_viewer_to_whom_the_past_cannot_be_sent_is_ended_alone() => Scenario.Run(simulation =>
    {
        var ciphers = new BreakingCiphers();
        using var call = new VirtualCall(simulation, [Plain], 3, ciphers: ciphers);
        simulation.AtSecond(5, () =>
        {
            ciphers.BreaksNew = true;
            call.Join().MayEnd = true;
        });
        simulation.AtSecond(6, () => ciphers.BreaksNew = false);
        simulation.RunTo(10);
        Assert.Equal("internal_error", call.People[^1].Ended?.Code);
        Assert.All(call.Viewers, viewer => Assert.Empty(viewer.Picture.Gaps));
    });

    /// <summary>Ending it goes through the same pacer, on the stack of the publisher whose packet it was.</summary>
    [Theory]
    [InlineData(false, 3)]
    [InlineData(false, 9)]
    [InlineData(true, 9)]
    public void A_viewer_whose_pacer_is_what_broke_is_ended_alone(bool layers, int viewers) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [layers ? Layered : Plain], viewers);
        var broken = call.Viewers[1];
        broken.MayEnd = true;
        simulation.AtSecond(5, () => Break(broken.Transport!.Congestion.Pacing, simulation.Now));
        simulation.RunTo(10);
        Assert.Equal("internal_error", broken.Ended?.Code);
        Assert.Equal(viewers, call.Room.Participants.Count);
        Assert.All(call.Room.Tracks, track => Assert.Equal(viewers - 1, track.SubscriptionCount));
        Assert.Equal(viewers, call.Worker.TransportCount);
        Assert.All(call.Viewers.Where(v => v != broken), viewer => Assert.Empty(viewer.Picture.Gaps));
    });

    /// <summary>Whether what breaks is its connection's end, or somebody else's client who is told of it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_leaves_is_out_for_everybody_though_something_breaks_on_the_way(bool farewell) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Plain], 3);
        var (publisher, deaf) = (call.Publisher, call.Viewers[0]);
        simulation.AtSecond(5, () =>
        {
            call.Dtls.BreaksClosing = farewell;
            deaf.IsDeaf = deaf.MayEnd = !farewell;
            publisher.Leave();
            call.Dtls.BreaksClosing = false;
        });
        simulation.RunTo(8);
        Assert.NotNull(publisher.Ended);
        Assert.Equal(farewell ? null : "internal_error", deaf.Ended?.Code);
        foreach (var other in call.People.Where(p => p != publisher && p != deaf))
        {
            Assert.Contains(publisher.Id, other.Departures);
        }

        Assert.Equal(2, call.Room.Tracks.Count);
        Assert.Equal(farewell ? 4 : 3, call.Room.Participants.Count);
        Assert.Equal(call.Room.Participants.Count, call.Worker.TransportCount - 1); // The publisher who stayed has two.
        call.Dtls.BreaksClosing = farewell;
        call.People.Where(p => p.Ended is null).ToList().ForEach(p => p.Leave());
        Assert.Equal((0, 0), (call.Worker.RoomCount, call.Worker.TransportCount));
        call.Dtls.BreaksClosing = false;
    });

    [Fact]
    public void A_viewer_who_cannot_be_offered_a_track_keeps_nobody_else_from_it() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain], 3);
        var deaf = call.Viewers[0];
        VirtualPerson? second = null;
        simulation.AtSecond(5, () =>
        {
            deaf.IsDeaf = deaf.MayEnd = true;
            second = call.Join(Plain);
        });
        simulation.RunTo(8);
        Assert.Equal("internal_error", deaf.Ended?.Code);
        Assert.Null(second!.Ended);
        Assert.Equal(4, call.Room.Tracks.Count);
        Assert.All(call.Viewers.Where(v => v != deaf), viewer => Assert.Equal(2, viewer.Offers));
    });

    /// <summary>A recorder's, which connects again and is given everything anew.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_relay_to_which_sending_breaks_is_ended_alone(bool red) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain with { AudioRed = red }], 3);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        var relay = new RelayConnection(socket, "room");
        simulation.AtSecond(4, () => call.Room.Attach(relay));
        simulation.AtSecond(5, () =>
        {
            relay.Detached(); // As if nobody used its ring any more: what is written there breaks.
            relay.Detached();
        });
        simulation.RunTo(10);
        Assert.Equal("internal_error", relay.EndReason);
        Assert.Equal(4, call.Room.Participants.Count);
        Assert.InRange(call.Worker.Counters.Faults, 1, 2); // Each of its tracks at most once.
        Assert.All(call.Viewers, viewer => Assert.Empty(viewer.Picture.Gaps));
    });

    /// <summary>Under one key two streams of one SSRC would use nonces twice (RFC 3711 §9.1).</summary>
    [Fact]
    public void No_two_streams_to_a_viewer_have_one_ssrc_whatever_chance_says() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Layered], 1, random: () => new Unlucky());
        simulation.RunTo(3);
        var transport = call.Viewer.Transport!;
        List<uint> ssrcs = [transport.SenderSsrc, .. transport.Subscriptions.Select(s => s.Outgoing).SelectMany(o => (uint[])[o.Ssrc, .. o.RtxSsrc is { } rtx ? [rtx] : (uint[])[]])];
        Assert.Equal(7, ssrcs.Count); // Two sounds, two pictures with their retransmissions, and ours.
        Assert.Equal(7, ssrcs.Distinct().Count());
        Assert.DoesNotContain(0u, ssrcs);
    });

    /// <summary>Nothing from outside breaks it: a packet waits there, and where it waits is gone.</summary>
    private static void Break(ViewerPacing pacing, MonotonicTime now)
    {
        pacing.Update(new Bitrate(1_000), isTight: true, now);
        for (var i = 0; i < 2; i++)
        {
            pacing.TryPass(null!, PacketPriority.Video, isAgain: false, new byte[100], 12, now);
        }

        Assert.True(pacing.IsWaiting);
        var parked = typeof(ViewerPacing).GetField("_parked", BindingFlags.Instance | BindingFlags.NonPublic)!;
        parked.SetValue(pacing, Array.CreateInstance(parked.FieldType.GetElementType()!, 0));
    }

    /// <summary>Always the same, and the last number that there is.</summary>
    private sealed class Unlucky : Random
    {
        public override int Next(int minValue, int maxValue) => maxValue - 1;

        public override long NextInt64(long minValue, long maxValue) => maxValue - 1;
    }

    /// <summary>The usual ones, until they are to throw.</summary>
    private sealed class BreakingCiphers : ISrtpCipherFactory
    {
        /// <summary>The stream whose packets cannot be protected any more.</summary>
        public uint? Breaks { get; set; }

        /// <summary>Ciphers that are made meanwhile protect nothing.</summary>
        public bool BreaksNew { get; set; }

        public ISrtpCipher Create(SrtpSessionKeys keys) => new Cipher(this, SrtpCiphers.Default.Create(keys), BreaksNew);

        private sealed class Cipher(BreakingCiphers factory, ISrtpCipher inner, bool breaks) : ISrtpCipher
        {
            public int RtpOverhead => inner.RtpOverhead;

            public int RtcpOverhead => inner.RtcpOverhead;

            public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index) =>
                breaks || factory.Breaks == ssrc
                    ? throw new InvalidOperationException("This scenario breaks it.")
                    : inner.ProtectRtp(buffer, length, headerLength, ssrc, index);

            public bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index, out int length) =>
                inner.TryUnprotectRtp(packet, headerLength, ssrc, index, out length);

            public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index) => inner.ProtectRtcp(buffer, length, ssrc, index);

            public bool TryReadRtcpIndex(ReadOnlySpan<byte> packet, out uint index, out bool encrypted) => inner.TryReadRtcpIndex(packet, out index, out encrypted);

            public bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint index, out int length) => inner.TryUnprotectRtcp(packet, ssrc, index, out length);

            public void Dispose() => inner.Dispose();
        }
    }
}
