using System.Runtime.InteropServices;
using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Recording;

namespace Events.Mixer.Compose;

/// <summary>One audio segment as interleaved stereo floats at 48 kHz from its timestamp 0 on, holes filled with silence.</summary>
internal sealed class AudioDecoder : IAsyncDisposable
{
    /// <summary>
    /// Drift is followed by stretching at most 240 of 48,000 samples a second (0.5 %); a hole of 20 ms, one packet, is filled hard, so sound never
    /// runs ahead of the picture by more. The resampler is in place from the start (flags=res): made with the first stretch, it would begin to count
    /// at zero again and put as much silence before the rest as had been played.
    /// </summary>
    private const string Resample = "aresample=48000:flags=res:async=240:min_hard_comp=0.02:min_comp=0.005:first_pts=0";

    private readonly TrackSegment _segment;
    private readonly FfmpegProcess _process;
    private readonly bool _tolerant;
    private bool _ended;

    /// <param name="segment">The file.</param>
    /// <param name="directory">Where it is.</param>
    /// <param name="startNs">The composite's start.</param>
    /// <param name="ffmpegPath">FFmpeg.</param>
    /// <param name="tolerant">A file that cannot be decoded further ends early instead of failing the composite.</param>
    public AudioDecoder(TrackSegment segment, string directory, long startNs, string ffmpegPath, bool tolerant)
    {
        _segment = segment;
        _tolerant = tolerant;
        FirstSample = (long)((Int128)(segment.Span.From - startNs) * AudioMixer.SampleRate / 1_000_000_000);
        var arguments = FfmpegArguments.Create()
            .Add("-threads", "1")
            .InputFile(Path.Combine(directory, segment.File))
            .Add("-map", "0:a:0", "-af", Resample)
            .RawAudioToStandardOutput()
            .Build();
        _process = FfmpegProcess.Start(ffmpegPath, arguments, FfmpegPipes.Output);
    }

    public string ParticipantId => _segment.ParticipantId;

    /// <summary>The composite's sample at which the file begins; may be negative.</summary>
    public long FirstSample { get; }

    /// <summary>Fills as much as there is; less than asked for only at the end.</summary>
    /// <exception cref="FfmpegException">The decoder was killed or failed.</exception>
    public int Read(Span<float> samples)
    {
        if (_ended)
        {
            return 0;
        }

        var bytes = MemoryMarshal.AsBytes(samples);
        var read = _process.Output.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length)
        {
            _ended = true;
            var failure = _process.Completion.GetAwaiter().GetResult();
            if (failure is not null && (!_tolerant || failure.Signal is not null))
            {
                throw new FfmpegException($"decoding {_segment.File}", failure);
            }
        }

        return read / sizeof(float);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
