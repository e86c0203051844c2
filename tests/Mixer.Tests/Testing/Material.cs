using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Events.MediaRegistry.Ffmpeg;
using Events.Rtc.Protocol.Codecs;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>One coded frame of test material.</summary>
public sealed record CodedFrame(long TimestampNs, byte[] Data);

/// <summary>Real coded media, made by FFmpeg.</summary>
public static class Material
{
    /// <summary>Black with a white flash in the first 100 ms of each second, and a 1 kHz beep with it.</summary>
    public const string Flash = "color=0x101010:s=320x180:r=30,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'";
    public const string Beep = "aevalsrc='if(lt(mod(t,1),0.1),0.5*sin(2*PI*1000*t),0)':s=48000";

    public static async Task<List<CodedFrame>> VideoAsync(Codec codec, string source, double seconds, string size = "")
    {
        string[] encoder = codec switch
        {
            Codec.Vp8 => ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0", "-lag-in-frames", "0", "-b:v", "500k"],
            Codec.Vp9 => ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0", "-lag-in-frames", "0", "-b:v", "500k"],
            Codec.H264 => ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0"],
            Codec.Av1 => ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-b:v", "300k"],
            _ => throw new ArgumentOutOfRangeException(nameof(codec)),
        };
        var h264 = codec == Codec.H264;
        var output = await RunAsync(
            ["-f", "lavfi", "-i", source, "-t", Text(seconds), .. size.Length > 0 ? new[] { "-s", size } : [], .. encoder, "-g", "30", "-pix_fmt", "yuv420p", "-f", h264 ? "h264" : "ivf", .. h264 ? new[] { "-aud", "1" } : [], "pipe:1"]);
        return h264 ? AnnexB(output) : Ivf(output);
    }

    /// <summary>
    /// A second of AV1 in two spatial layers (libaom 3.6 by its SVC interface, 160 by 90 and half of that), a keyframe each half second. Every picture is six brighter than the one
    /// before, from 40 on.
    /// </summary>
    public static List<CodedFrame> Av1InLayers() => Ivf(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Testing", "av1-two-layers.ivf")));

    /// <summary>Opus packets of 20 ms.</summary>
    public static async Task<List<CodedFrame>> OpusAsync(string source, double seconds)
    {
        var output = await RunAsync(
            ["-f", "lavfi", "-i", source, "-t", Text(seconds), "-ac", "2", "-c:a", "libopus", "-b:a", "64k", "-frame_duration", "20", "-application", "lowdelay", "-f", "ogg", "pipe:1"]);
        return Ogg(output).Skip(2).Select((p, i) => new CodedFrame(i * 20_000_000L, p)).ToList();
    }

    /// <summary>Mean luma of a part of every frame (or of frames at a rate), limited range: 16 is black, 235 white.</summary>
    public static async Task<byte[]> LumaAsync(string path, string crop = "iw:ih:0:0", int rate = 30)
    {
        // Two by two pixels stay yuv420p all the way: FFmpeg stretches the range when it converts to grey.
        const int FrameSize = 6;
        var filter = $"crop={crop},scale=2:2:flags=area,format=yuv420p";
        var frames = await RunAsync(["-i", path, "-map", "0:v", "-vf", filter, "-r", rate.ToString(CultureInfo.InvariantCulture), "-f", "rawvideo", "pipe:1"]);
        return frames.Where((_, i) => i % FrameSize == 0).ToArray();
    }

    /// <summary>Loudness of each 5 ms as RMS of a 48 kHz mono decode.</summary>
    public static async Task<double[]> LoudnessAsync(string path)
    {
        var bytes = await RunAsync(["-i", path, "-map", "0:a", "-ac", "1", "-ar", "48000", "-f", "f32le", "pipe:1"]);
        const int Window = 240;
        var rms = new double[bytes.Length / sizeof(float) / Window];
        for (var i = 0; i < rms.Length; i++)
        {
            double sum = 0;
            for (var j = 0; j < Window; j++)
            {
                var sample = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(((i * Window) + j) * sizeof(float)));
                sum += sample * sample;
            }

            rms[i] = Math.Sqrt(sum / Window);
        }

        return rms;
    }

    /// <summary>Times at which values cross a threshold upwards.</summary>
    public static List<double> Onsets<T>(IReadOnlyList<T> values, Func<T, bool> on, double interval)
    {
        var onsets = new List<double>();
        for (var i = 1; i < values.Count; i++)
        {
            if (on(values[i]) && !on(values[i - 1]))
            {
                onsets.Add(i * interval);
            }
        }

        return onsets;
    }

    public static Task<byte[]> RunAsync(string[] arguments) =>
        FfmpegProcess.ReadAsync("ffmpeg", [.. FfmpegArguments.Create().Build(), .. arguments], "making test material", 512 * 1024 * 1024);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>IVF: 32-byte header with the time base at 16, frames with size 4 and timestamp 8 before them.</summary>
    private static List<CodedFrame> Ivf(byte[] bytes)
    {
        var rate = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16));
        var scale = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(20));
        var frames = new List<CodedFrame>();
        for (var at = 32; at + 12 <= bytes.Length;)
        {
            var size = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            var timestamp = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at + 4));
            frames.Add(new(timestamp * scale * 1_000_000_000 / rate, bytes.AsSpan(at + 12, size).ToArray()));
            at += 12 + size;
        }

        return frames;
    }

    /// <summary>Access units split at their delimiters (NAL type 9), 30 a second; start codes stay.</summary>
    private static List<CodedFrame> AnnexB(byte[] bytes)
    {
        var starts = new List<int>();
        for (var i = 0; i + 4 < bytes.Length; i++)
        {
            if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 0 && bytes[i + 3] == 1 && (bytes[i + 4] & 0x1F) == 9)
            {
                starts.Add(i);
            }
        }

        return starts.Select((start, i) =>
        {
            var end = i + 1 < starts.Count ? starts[i + 1] : bytes.Length;
            return new CodedFrame(i * 1_000_000_000L / 30, bytes[start..end]);
        }).ToList();
    }

    /// <summary>Packets of a single-stream Ogg file (RFC 3533 §6).</summary>
    private static IEnumerable<byte[]> Ogg(byte[] bytes)
    {
        var packet = new List<byte>();
        for (var at = 0; at + 27 <= bytes.Length;)
        {
            Debug.Assert(bytes[at] == 'O' && bytes[at + 1] == 'g', "page expected");
            int segments = bytes[at + 26];
            var data = at + 27 + segments;
            for (var i = 0; i < segments; i++)
            {
                int length = bytes[at + 27 + i];
                packet.AddRange(bytes.AsSpan(data, length));
                data += length;
                if (length < 255)
                {
                    yield return packet.ToArray();
                    packet.Clear();
                }
            }

            at = data;
        }
    }
}
