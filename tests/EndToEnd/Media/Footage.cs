using System.Globalization;
using Events.Rtc.Client.Media;

namespace Events.Tests.EndToEnd.Media;

/// <summary>
/// Pictures and sounds that can be measured, made once by FFmpeg and kept. The marked footage flashes and beeps in the first tenth of each
/// second, and shows the second's number as a row of seven bits, with an eighth cell that is always white, and the frame's number within the
/// second as a row of five.
/// </summary>
public sealed record Footage(IReadOnlyList<byte[]> Frames, IReadOnlyList<byte[]> Packets)
{
    public const int FrameRate = 30;

    /// <summary>Seven bits of seconds; then it begins anew, which the recording of a test never reaches.</summary>
    public const int Seconds = 128;

    public const int SecondBits = 7;

    /// <summary>2^5 &gt; 30.</summary>
    public const int FrameBits = 5;

    /// <summary>Samples of one Opus packet of 20 ms at 48 kHz.</summary>
    public const int SamplesPerPacket = 960;

    /// <summary>How much earlier than its packet's time a sample was: libopus looks ahead 6.5 ms at 48 kHz (RFC 7845 §4.2, "pre-skip").</summary>
    public const int LookAhead = 312;

    // The picture is a board of 16 × 9 cells of 20 pixels.
    private const int Cell = 20;

    private static readonly string Cache = Path.Combine(Path.GetTempPath(), "events-e2e-footage-2");
    private static readonly Lazy<Task<Footage>> Marked = new(LoadAsync);

    public static Task<Footage> MarkedAsync() => Marked.Value;

    /// <summary>
    /// A camera for Chromium: 640 × 360, which spares a small machine three encoders of 720p; its own test picture would have 20 frames a
    /// second at best.
    /// </summary>
    public static Task<string> CaptureFileAsync() => MakeAsync(
        "camera.mjpeg", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-t", "10", "-c:v", "mjpeg", "-q:v", "6", "-f", "mjpeg");

    /// <summary>Large enough that libwebrtc sends three simulcast layers of it (below 960 × 540 it sends two), and no larger.</summary>
    public static Task<string> LargeCaptureFileAsync() => MakeAsync(
        "large.mjpeg", "-f", "lavfi", "-i", "testsrc2=size=960x540:rate=30", "-t", "10", "-c:v", "mjpeg", "-q:v", "8", "-f", "mjpeg");

    private static async Task<Footage> LoadAsync()
    {
        var filter = string.Create(CultureInfo.InvariantCulture, $"color=black:size={16 * Cell}x{9 * Cell}:rate={FrameRate},")
            + $"drawbox=x=0:y=0:w=iw:h={3 * Cell}:color=white:t=fill:enable='lt(mod(n\\,{FrameRate})\\,{FrameRate / 10})',"
            + string.Concat(Enumerable.Range(0, SecondBits).Select(bit =>
                $"{BitCell(4, bit)}:enable='gte(mod(n\\,{FrameRate << (bit + 1)})\\,{FrameRate << bit})',"))
            + string.Concat(Enumerable.Range(0, FrameBits).Select(bit =>
                $"{BitCell(6, bit)}:enable='gte(mod(mod(n\\,{FrameRate})\\,{2 << bit})\\,{1 << bit})',"))
            + BitCell(4, SecondBits);
        var video = await MakeAsync(
            "marks.ivf", "-f", "lavfi", "-i", filter, "-t", $"{Seconds}", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8",
            "-lag-in-frames", "0", "-auto-alt-ref", "0", "-b:v", "600k", "-g", $"{FrameRate}", "-f", "ivf");
        var audio = await MakeAsync(
            "marks.ogg", "-f", "lavfi", "-i", $"aevalsrc='if(lt(mod(t,1),0.1),0.6*sin(2*PI*1000*t),0)':s=48000:d={Seconds}", "-c:a", "libopus",
            "-b:a", "48k", "-frame_duration", "20", "-f", "ogg");
        return new(await FramesAsync(video), await PacketsAsync(audio));
    }

    private static string BitCell(int row, int bit) => $"drawbox=x={2 * bit * Cell}:y={row * Cell}:w={2 * Cell}:h={2 * Cell}:color=white:t=fill";

    private static async Task<List<byte[]>> FramesAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var reader = new IvfReader(file);
        Assert.True(await reader.ReadHeaderAsync(), reader.Failure);
        var frames = new List<byte[]>();
        while (await reader.ReadFrameAsync() is { } frame)
        {
            frames.Add(frame.Data.ToArray());
        }

        Assert.Equal(Seconds * FrameRate, frames.Count);
        return frames;
    }

    private static async Task<List<byte[]>> PacketsAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var reader = new OggOpusReader(file);
        Assert.True(await reader.ReadHeaderAsync(), reader.Failure);
        Assert.Equal(LookAhead, reader.PreSkip);
        var packets = new List<byte[]>();
        while (await reader.ReadPacketAsync() is { } packet)
        {
            packets.Add(packet.ToArray());
        }

        return packets;
    }

    private static async Task<string> MakeAsync(string name, params string[] arguments)
    {
        Directory.CreateDirectory(Cache);
        var path = Path.Combine(Cache, name);
        if (!File.Exists(path))
        {
            var unfinished = $"{path}.{Environment.ProcessId}";
            await Tool.TextAsync("ffmpeg", ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", .. arguments, unfinished]);
            File.Move(unfinished, path, overwrite: true);
        }

        return path;
    }
}
