using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Client.Media;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client.Demo;

/// <summary>Spoken text as 20 ms Opus packets with their audio levels, made once by FFmpeg's flite voices and cached on disk.</summary>
public sealed class SpeechLoop
{
    /// <summary>One packet is 20 ms: 960 samples at 48 kHz.</summary>
    public const int SamplesPerPacket = 960;

    private const int SampleRate = 48_000;

    // A quiet second between two rounds, so that the seam does not cut a word.
    private const double PauseSeconds = 1.0;

    // Louder than −45 dBov is taken for speech.
    private const byte VoiceThreshold = 45;

    private SpeechLoop(IReadOnlyList<byte[]> packets, IReadOnlyList<AudioLevel> levels)
    {
        Packets = packets;
        Levels = levels;
    }

    public IReadOnlyList<byte[]> Packets { get; }

    /// <summary>RFC 6464 level of each packet.</summary>
    public IReadOnlyList<AudioLevel> Levels { get; }

    public static async Task<SpeechLoop> LoadAsync(string ffmpeg, string cacheDirectory, string voice, string text, CancellationToken cancellation)
    {
        Directory.CreateDirectory(cacheDirectory);
        var name = $"speech-{voice}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]}";
        var ogg = Path.Combine(cacheDirectory, name + ".ogg");
        var levels = Path.Combine(cacheDirectory, name + ".levels");
        if (!File.Exists(ogg) || !File.Exists(levels))
        {
            await MakeAsync(ffmpeg, cacheDirectory, name, voice, text, cancellation).ConfigureAwait(false);
        }

        await using var file = File.OpenRead(ogg);
        var reader = new OggOpusReader(file);
        var packets = new List<byte[]>();
        if (await reader.ReadHeaderAsync(cancellation).ConfigureAwait(false))
        {
            while (await reader.ReadPacketAsync(cancellation).ConfigureAwait(false) is { } packet)
            {
                packets.Add(packet.ToArray());
            }
        }

        if (reader.Failure is not null || packets.Count == 0)
        {
            throw new InvalidDataException($"{ogg} is not readable ({reader.Failure ?? "empty"}): delete it to have it made again.");
        }

        var values = await File.ReadAllBytesAsync(levels, cancellation).ConfigureAwait(false);
        AudioLevel LevelOf(int index) => index < values.Length ? new(values[index] < VoiceThreshold, values[index]) : new(false, AudioLevel.Silence);
        return new(packets, [.. packets.Select((_, i) => LevelOf(i))]);
    }

    /// <summary>The level of samples in −dBov (RFC 6464 §3): 0 is the loudest, 127 silence.</summary>
    internal static byte LevelOf(ReadOnlySpan<short> samples)
    {
        var sum = 0.0;
        foreach (var sample in samples)
        {
            sum += (double)sample * sample;
        }

        var rms = samples.IsEmpty ? 0 : Math.Sqrt(sum / samples.Length) / 32_768;
        return rms <= 0 ? AudioLevel.Silence : (byte)Math.Clamp(Math.Round(-20 * Math.Log10(rms)), 0, AudioLevel.Silence);
    }

    private static async Task MakeAsync(string ffmpeg, string directory, string name, string voice, string text, CancellationToken cancellation)
    {
        // The text goes through a file: filter arguments would need their own escaping.
        var unique = $"{name}.{Environment.ProcessId}";
        string Temporary(string extension) => Path.Combine(directory, unique + extension);
        await File.WriteAllTextAsync(Temporary(".txt"), text, cancellation).ConfigureAwait(false);
        var run = FfmpegOutput.Start(
            ffmpeg,
            [
                "-y", "-f", "lavfi", "-i", $"flite=textfile={unique}.txt:voice={voice},apad=pad_dur={PauseSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture)}",
                "-ar", $"{SampleRate}", "-ac", "1", "-c:a", "libopus", "-b:a", "32k", "-frame_duration", "20", "-f", "ogg", $"{unique}.ogg",
                "-ar", $"{SampleRate}", "-ac", "1", "-f", "s16le", $"{unique}.pcm",
            ],
            directory);
        await using (run.ConfigureAwait(false))
        {
            await run.CompleteAsync(cancellation).ConfigureAwait(false);
        }

        var samples = MemoryMarshal.Cast<byte, short>(await File.ReadAllBytesAsync(Temporary(".pcm"), cancellation).ConfigureAwait(false)).ToArray();
        var levels = new byte[(samples.Length + SamplesPerPacket - 1) / SamplesPerPacket];
        for (var i = 0; i < levels.Length; i++)
        {
            var from = i * SamplesPerPacket;
            levels[i] = LevelOf(samples.AsSpan(from, Math.Min(SamplesPerPacket, samples.Length - from)));
        }

        await File.WriteAllBytesAsync(Temporary(".levels"), levels, cancellation).ConfigureAwait(false);
        File.Move(Temporary(".levels"), Path.Combine(directory, name + ".levels"), overwrite: true);
        File.Move(Temporary(".ogg"), Path.Combine(directory, name + ".ogg"), overwrite: true);
        File.Delete(Temporary(".pcm"));
        File.Delete(Temporary(".txt"));
    }
}
