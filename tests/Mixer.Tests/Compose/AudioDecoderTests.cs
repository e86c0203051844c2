using Events.Mixer.Compose;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Compose;

public sealed class AudioDecoderTests
{
    private const int Seconds = 20;
    private const int StepSecond = 10;

    /// <summary>A sender's clock is known to a few milliseconds only, so times step by more than the resampler lets pass unmended.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(6, 6)]
    [InlineData(-6, 6)]
    [InlineData(60, 6)]
    public async Task Sound_stays_in_its_place_when_times_step_by(int milliseconds, int toleranceMs)
    {
        var directory = Directory.CreateTempSubdirectory("events-audio-").FullName;
        try
        {
            var packets = await Material.OpusAsync(Material.Beep, Seconds);
            var file = new SegmentFile(Path.Combine(directory, "0001.mkv"), new(Codec.Opus, 0, 0, MatroskaWriter.OpusHead(2)), 0, RandomAccess.FlushToDisk);
            foreach (var packet in packets)
            {
                file.Write(packet.TimestampNs + (packet.TimestampNs >= StepSecond * 1_000_000_000L ? milliseconds * 1_000_000L : 0), true, packet.Data);
            }

            file.End();
            Assert.True(file.Sync());

            var beeps = Onsets(await DecodeAsync(directory));

            // The one at zero has no silence before it.
            Assert.Equal(Enumerable.Range(1, Seconds - 1), beeps.Select(b => (int)Math.Round(b)));
            var first = beeps[0];
            foreach (var (beep, second) in beeps.Select((b, i) => (b, i + 1)))
            {
                if (second is StepSecond or StepSecond + 1)
                {
                    continue; // Where a step of 6 ms is being followed, at 5 ms a second.
                }

                var late = (beep - first - (second - 1)) * 1000;
                Assert.True(
                    Math.Abs(late - (second > StepSecond ? milliseconds : 0)) <= toleranceMs,
                    $"beep {second} is {late:F1} ms late; all: {string.Join(' ', beeps.Select(b => b.ToString("F3")))}");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<float[]> DecodeAsync(string directory)
    {
        await using var decoder = new AudioDecoder(new("0001.mkv", "t1", "p1", "opus", 0, 0, new(0, Seconds * 1_000_000_000L)), directory, 0, "ffmpeg", tolerant: false);
        var samples = new List<float>();
        var block = new float[9_600];
        int read;
        while ((read = decoder.Read(block)) > 0)
        {
            // Left channel.
            samples.AddRange(block.Take(read).Where((_, i) => i % 2 == 0));
        }

        return [.. samples];
    }

    private static List<double> Onsets(float[] samples)
    {
        var onsets = new List<double>();
        var lastLoud = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            if (Math.Abs(samples[i]) < 0.05)
            {
                continue;
            }

            if (i - lastLoud > AudioMixer.SampleRate / 3)
            {
                onsets.Add((double)i / AudioMixer.SampleRate);
            }

            lastLoud = i;
        }

        return onsets;
    }
}
