using System.Globalization;
using System.Text;

namespace Events.Rtc.Client.Demo;

/// <summary>The FFmpeg command of a live picture: a slow gradient, a moving dot, the time of day and a name, as VP8 in IVF on standard output.</summary>
internal static class DemoPicture
{
    private static readonly (string From, string To)[] Colours =
        [("0x1e3a8a", "0x0f766e"), ("0x7c2d12", "0x4c1d95"), ("0x14532d", "0x1e40af"), ("0x831843", "0x312e81")];

    /// <summary>Writes the name into a file beside the cache: drawtext reads it there verbatim.</summary>
    public static async Task<string> WriteNameAsync(string cacheDirectory, string name, CancellationToken cancellation)
    {
        Directory.CreateDirectory(cacheDirectory);
        var file = $"name-{Math.Abs(Hash(name)).ToString(CultureInfo.InvariantCulture)}.txt";
        await File.WriteAllTextAsync(Path.Combine(cacheDirectory, file), name, cancellation).ConfigureAwait(false);
        return file;
    }

    public static IEnumerable<string> Arguments(DemoSpeakerOptions options, string nameFile)
    {
        var (from, to) = Colours[(Hash(options.Name) & int.MaxValue) % Colours.Length];
        // The gradient is drawn at a quarter of the size and scaled up: 5 % of a core in all instead of 23 % (640x360 at 25 fps).
        var filter = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"gradients=size={options.Width / 4}x{options.Height / 4}:rate={options.FrameRate}:speed=0.02:c0={from}:c1={to}:nb_colors=2,")
            .Append(CultureInfo.InvariantCulture, $"scale={options.Width}:{options.Height}:flags=bilinear,")
            .Append(@"drawtext=text='%{localtime\:%T}':fontsize=h/5:fontcolor=white:x=(w-tw)/2:y=(h-th)/2,")
            .Append(@"drawtext=text=O:fontsize=h/20:fontcolor=white:x=mod(t*w/5\,w):y=h/16,")
            .Append(CultureInfo.InvariantCulture, $"drawtext=textfile={nameFile}:expansion=none:fontsize=h/14:fontcolor=white@0.8:x=(w-tw)/2:y=h*0.68")
            .ToString();
        var rate = $"{options.VideoKilobits.ToString(CultureInfo.InvariantCulture)}k";
        return
        [
            "-re", "-f", "lavfi", "-i", filter,
            "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-threads", "1", "-lag-in-frames", "0", "-auto-alt-ref", "0",
            "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
            // A keyframe each second: whoever joins waits at most that long, for FFmpeg makes none on request.
            "-g", options.FrameRate.ToString(CultureInfo.InvariantCulture),
            "-flush_packets", "1", "-f", "ivf", "pipe:1",
        ];
    }

    // FNV-1a: the same name has the same colours in every process.
    private static int Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return (int)(hash & int.MaxValue);
    }
}
