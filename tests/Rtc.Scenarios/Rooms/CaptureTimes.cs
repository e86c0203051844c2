using System.Buffers.Binary;
using System.Globalization;
using Events.Rtc.Client;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// When a viewer's receiver believes that sound and picture were captured, by the sender reports that reached it, against when they were: the payloads say it. A
/// receiver plays together what it believes to be of one moment, so the difference of the two errors is how far lips and voice come apart.
/// </summary>
internal sealed class CaptureTimes(Simulation simulation)
{
    /// <summary>Where the moment of capture stands in a payload.</summary>
    public const int InSound = 8;
    public const int InPicture = 16;

    private readonly List<(double Captured, double Skew)> _skews = [];
    private double? _soundError;

    /// <summary>When there was a report of both for the first time.</summary>
    public double KnownFrom { get; private set; } = double.PositiveInfinity;

    public static void Write(Span<byte> payload, MonotonicTime captured) => BinaryPrimitives.WriteInt64LittleEndian(payload, captured.Nanoseconds);

    /// <summary>When a packet's sound was captured; with redundancy, the newest.</summary>
    public static MonotonicTime OfSound(ClientReceiveTrack track, in RtpReader packet)
    {
        var sound = packet.PayloadType == track.Media.RedPayloadType && RedPayload.TryRead(packet.Payload, out var red) ? red.Primary : packet.Payload;
        return new(BinaryPrimitives.ReadInt64LittleEndian(sound[InSound..]));
    }

    public void Received(ClientReceiveTrack track, in RtpReader packet)
    {
        if (!track.TryGetCaptureTime(packet.Timestamp, out var believed))
        {
            return;
        }

        var isSound = track.Media.Kind == MediaKind.Audio;
        var captured = BinaryPrimitives.ReadInt64LittleEndian(packet.Payload[(isSound ? InSound : InPicture)..]);
        var error = (believed.ToUnixNanoseconds() - VirtualNode.UnixNanosecondsAtZero - captured) / 1e9;
        if (isSound)
        {
            _soundError = error;
        }
        else if (_soundError is { } sound)
        {
            KnownFrom = Math.Min(KnownFrom, simulation.Seconds);
            _skews.Add(((captured / 1e9) - 1, error - sound)); // A simulation begins at second 1 of its clock.
        }
    }

    /// <summary>Every picture that was captured in this time is believed to be within 45 ms of the sound of its moment, and there are enough of them.</summary>
    public void Expect(double from, double to, int pictures, string what)
    {
        var (count, worst, at) = (0, 0.0, 0.0);
        foreach (var (captured, skew) in _skews)
        {
            if (captured >= from && captured < to)
            {
                count++;
                (worst, at) = Math.Abs(skew) > Math.Abs(worst) ? (skew, captured) : (worst, at);
            }
        }

        Assert.True(
            count >= pictures && Math.Abs(worst) < 0.045,
            string.Create(CultureInfo.InvariantCulture, $"{what}: {worst * 1_000:F1} ms apart at {at:F2} s, of {count} packets from {from} s to {to} s"));
    }
}
