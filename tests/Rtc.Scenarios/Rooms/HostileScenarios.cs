using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What one publisher can do to its viewers by what it sends: nothing but to be seen badly.</summary>
public class HostileScenarios
{
    /// <summary>The furthest that a number may be ahead of the one before it.</summary>
    private const int FarAhead = 32_767;

    private static readonly CameraPlan Plain = new(25, Bitrate.FromKilobits(400)) { HasLayers = false, IsBurst = true };
    private static readonly CameraPlan Layered = new(25, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500));

    /// <summary>A number means a packet for as long as that is kept: 2 s. Here all of them are used within one frame, and the first again, of a shorter packet.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Numbers_that_go_around_within_a_frame_end_no_viewer(bool layers) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [layers ? Layered : Plain], viewers: 9);
        var track = call.Room.Tracks.Single(t => t.Kind == TrackKind.Video);
        for (var round = 0; round < 20; round++)
        {
            simulation.AtSecond(5 + (round * 0.1), () =>
            {
                var (encoding, now) = (track.Encodings[^1], simulation.Now);
                var number = (ushort)(encoding.NewestForwarded + 1);
                foreach (var step in (ReadOnlySpan<int>)[0, FarAhead, FarAhead, 2])
                {
                    number += (ushort)step;
                    Receive(track, encoding, number, words: step == 0 ? 64 : 0, now);
                }
            });
        }

        simulation.RunTo(10);
        Assert.Equal(0, call.Worker.Counters.Faults);
        Assert.All(call.Viewers, v => Assert.Null(v.Ended));
    });

    /// <summary>Each time it would be sent up to a second of the picture at once: twenty small requests, twenty seconds of media.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_pauses_and_resumes_again_and_again_is_not_sent_the_past_each_time(bool layers) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [layers ? Layered : Plain], viewers: 1);
        var (before, calm, busy) = (0L, 0L, 0L);
        simulation.AtSecond(4, () => before = call.Worker.Counters.PacketsForwarded);
        simulation.AtSecond(6, () => calm = call.Worker.Counters.PacketsForwarded - before);
        for (var i = 0; i < 80; i++)
        {
            var paused = i % 2 == 0;
            simulation.AtSecond(6.01 + (i * 0.025), () => call.Viewer.Prefer(new(0, 0, 0, paused)));
        }

        simulation.AtSecond(8.01, () => busy = call.Worker.Counters.PacketsForwarded - before - calm);
        simulation.RunTo(8.6);
        var shown = call.Viewer.Picture.Packets;
        simulation.RunTo(10);
        Assert.InRange(busy, 1, calm * 3);
        Assert.InRange(call.Viewer.Picture.Packets - shown, 35, 1_000); // And the picture is there when it is left alone.
        Assert.Equal(0, call.Worker.Counters.Faults);
    });

    /// <summary>One packet of a frame that goes on, with so many words of header extensions.</summary>
    private static void Receive(PublishedTrack track, PublishedEncoding encoding, ushort number, int words, MonotonicTime now)
    {
        var packet = new byte[12 + (words > 0 ? 4 + (4 * words) : 0) + 40];
        RtpHeader.TryWrite(packet, false, (byte)track.Codec.PayloadType, new(number), new(1_000_000), encoding.Ssrc);
        if (words > 0)
        {
            packet[0] |= 0x10;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(12), 0xBEDE);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14), (ushort)words);
        }

        Assert.True(RtpReader.TryRead(packet, out var reader));
        track.Receive(reader, encoding, recovered: false, now);
    }
}
