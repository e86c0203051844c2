using System.Text;
using Events.Mixer.Recording;
using Events.Mixer.Scenes;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="MatroskaScan"/> over a file that a crash, or a disk, has damaged.</summary>
internal sealed class MatroskaTarget : IFuzzTarget
{
    public string Name => "matroska";

    public int MaxLength => 4_000;

    public long AllocationLimit => 4_096;

    public IReadOnlyList<byte[]> Words { get; } = [[0x1F, 0x43, 0xB6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 255], [0xE7, 0x88], [0xA3, 0x85], [0x01, 255, 255, 255, 255, 255, 255, 254], [0xA3, 0x10, 0, 0, 9]];

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            var stream = new MemoryStream();
            var writer = new MatroskaWriter(stream, new(Codec.Vp8, 640, 360, ReadOnlyMemory<byte>.Empty), DateTimeOffset.UnixEpoch);
            for (var i = 0; i < 8; i++)
            {
                writer.Write(i * 400_000_000L, i == 0, new byte[i * 30]);
            }

            writer.Flush();
            return [stream.ToArray()];
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        using var stream = new MemoryStream(input.ToArray());
        var scan = MatroskaScan.Stream(stream);
        Demand.That(scan.Frames <= input.Length / 6, "A block has six bytes at least.");
        Demand.That(scan.LastTimestampNs >= 0, $"Time does not go back before the start: {scan.LastTimestampNs}.");
    }
}

/// <summary>A recording's manifest: reading, folding, and the scenes that follow from it.</summary>
internal sealed class ManifestTarget : IFuzzTarget
{
    public string Name => "manifest";

    public int MaxLength => 16_000;

    public long AllocationLimit => 8 * 1_024 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "9223372036854775807", "-9223372036854775808", "null", "\\ud800", "\n", "\"type\":\"SegmentMoved\"", "\"type\":\"Left\"", "\"file\":null", "\"muted\":true", "\"type\":15", "\"type\":\"99\"", "{}" }
            .Select(Encoding.UTF8.GetBytes),
    ];

    public IEnumerable<byte[]> Seeds => [Encoding.UTF8.GetBytes(Whole), Encoding.UTF8.GetBytes(Whole[..^40])];

    private const string Whole =
        """
        {"type":"Created","at":1000000000,"recordingId":"r","room":"room","relay":"/relay","layout":"grid","title":"t"}
        {"type":"Attached","at":1000000000}
        {"type":"Joined","at":1100000000,"participantId":"p1","identity":"ada","name":"Ada","role":"speaker"}
        {"type":"Published","at":1200000000,"trackId":"t1","participantId":"p1","kind":"video","source":"camera","codec":"vp8","muted":false}
        {"type":"Published","at":1200000000,"trackId":"t2","participantId":"p1","kind":"audio","source":"microphone","codec":"opus","muted":true}
        {"type":"Started","at":1200000000}
        {"type":"Segment","at":1250000000,"file":"0001.mkv","trackId":"t1","participantId":"p1","codec":"vp8","width":640,"height":360}
        {"type":"Muted","at":2000000000,"trackId":"t2","muted":false}
        {"type":"SegmentMoved","at":1260000000,"file":"0001.mkv"}
        {"type":"SegmentEnded","at":5000000000,"file":"0001.mkv","frames":100}
        {"type":"Unpublished","at":5000000000,"trackId":"t1"}
        {"type":"Left","at":6000000000,"participantId":"p1"}
        {"type":"Detached","at":6000000000}
        {"type":"Stopped","at":7000000000}
        {"type":"Attempt","at":7000000000,"attempt":1}
        {"type":"Failed","at":8000000000,"code":"x","detail":"y"}

        """;

    public void Run(ReadOnlySpan<byte> input)
    {
        var (entries, length) = RecordingManifest.Parse(input);
        Demand.That(length <= input.Length && (length == 0 || input[length - 1] == '\n'), "Reading stops behind a whole line.");
        Demand.That(RecordingManifest.Parse(input[..length]).Entries.Count == entries.Count, "What was read once reads again.");
        if (Timeline.Fold(entries) is not { } timeline)
        {
            return;
        }

        var start = timeline.StartedAt ?? timeline.Created.At;
        var next = 0L;
        foreach (var scene in ScenePlan.Build(timeline, start, Math.Max(start, timeline.StoppedAt ?? timeline.LastKnown)))
        {
            Demand.That(scene.FromFrame == next && scene.ToFrame > scene.FromFrame, "Scenes follow each other without gaps.");
            next = scene.ToFrame;
        }
    }
}
