using System.Globalization;
using System.Text.Json;

namespace Events.Benchmarks.Load;

/// <summary>What one run measured; times in ms unless named otherwise.</summary>
internal sealed record LoadReport
{
    public required string Server { get; init; }
    public required int Publishers { get; init; }
    public required int Viewers { get; init; }
    public required int Joined { get; init; }
    public required int Dropped { get; init; }
    public required double Seconds { get; init; }
    public required string Pacing { get; init; }
    public required double FirstMediaP50 { get; init; }
    public required double FirstMediaP99 { get; init; }
    public required double FirstKeyframeP50 { get; init; }
    public required double FirstKeyframeP99 { get; init; }

    /// <summary>To the first frame that a decoder could show and that is not of the past: see <see cref="PictureProgress"/>.</summary>
    public required double FirstPresentP50 { get; init; }

    public required double FirstPresentP99 { get; init; }
    public required long PacketsSent { get; init; }
    public required long PacketsExpected { get; init; }
    public required long PacketsReceived { get; init; }
    public required long PacketsLost { get; init; }
    /// <summary>Of the lost ones; audio is not negotiated with NACK, so under --loss only these should be 0.</summary>
    public required long VideoPacketsLost { get; init; }

    public required long PacketsRepaired { get; init; }
    public required long PacketsCorrupt { get; init; }
    public required long PacketsRefused { get; init; }
    public required double DelayP50 { get; init; }
    public required double DelayP99 { get; init; }
    public required double MegabitsPerSecond { get; init; }
    public required double PacketsPerSecond { get; init; }
    public required long KeyframeRequests { get; init; }

    /// <summary>Server CPU, share of one core; null when no --pid was given.</summary>
    public double? ServerCpuShare { get; init; }

    public double? ServerMicrosecondsPerPacket { get; init; }

    public double? ServerKilobytesPerViewer { get; init; }

    public double? ServerResidentMegabytes { get; init; }

    public required double GeneratorCpuShare { get; init; }

    public required long KernelReceiveDrops { get; init; }

    public required int Churned { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    public void Print(TextWriter output)
    {
        void Row(string name, FormattableString value) => output.WriteLine($"{name,-34} {value.ToString(CultureInfo.InvariantCulture)}");
        Row("server", $"{Server}");
        Row("publishers, viewers joined", $"{Publishers}, {Joined} of {Viewers} ({Dropped} dropped later, {Churned} replaced)");
        Row("measured", $"{Seconds:F1} s, {Pacing}");
        Row("join: first media p50 / p99", $"{FirstMediaP50:F0} / {FirstMediaP99:F0} ms");
        Row("join: first keyframe p50 / p99", $"{FirstKeyframeP50:F0} / {FirstKeyframeP99:F0} ms");
        Row("join: present frame p50 / p99", $"{FirstPresentP50:F0} / {FirstPresentP99:F0} ms");
        Row("delivered", $"{PacketsPerSecond:F0} packets/s, {MegabitsPerSecond:F1} Mbit/s");
        Row("packets expected / received", $"{PacketsExpected} / {PacketsReceived}");
        Row("packets lost (video) / repaired", $"{PacketsLost} ({VideoPacketsLost}) / {PacketsRepaired}");
        Row("packets corrupt / refused", $"{PacketsCorrupt} / {PacketsRefused}");
        Row("delay p50 / p99", $"{DelayP50:F1} / {DelayP99:F1} ms");
        Row("keyframe requests", $"{KeyframeRequests}");
        if (ServerCpuShare is { } share)
        {
            Row("server CPU", $"{share * 100:F1} % of a core, {ServerMicrosecondsPerPacket:F2} µs per delivered packet");
            Row("server memory", $"{ServerResidentMegabytes:F0} MB, {ServerKilobytesPerViewer:F0} KB more per viewer");
        }

        Row("generator CPU", $"{GeneratorCpuShare * 100:F1} % of a core");
        Row("UDP drops in the kernel", $"{KernelReceiveDrops}");
    }

    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
}
