using System.Runtime.InteropServices;
using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Recording;

namespace Events.Mixer.Compose;

/// <summary>Sums all audio of a recording, each file at its wall-clock place, into one AAC file.</summary>
internal sealed class AudioMixer
{
    public const int SampleRate = 48_000;
    private const int Channels = 2;

    /// <summary>100 ms.</summary>
    private const int BlockSamples = SampleRate / 10;

    /// <summary>A microphone and a screen's sound; where a file follows another one, both play for a moment.</summary>
    private const int MaxDecodersPerParticipant = 4;

    /// <summary>Processes at once; of more sounds, those that began first are over.</summary>
    private const int MaxDecoders = 256;

    /// <summary>Below this the sum is left as it is; above, it bends towards full scale.</summary>
    private const float Knee = 0.8f;

    private readonly string _directory;
    private readonly MixerOptions _options;
    private readonly bool _tolerant;

    public AudioMixer(string directory, MixerOptions options, bool tolerant)
    {
        _directory = directory;
        _options = options;
        _tolerant = tolerant;
    }

    /// <summary>Writes exactly the span from start to stop.</summary>
    /// <param name="timeline">What was recorded.</param>
    /// <param name="startNs">The composite's start.</param>
    /// <param name="samples">Its length in samples.</param>
    /// <param name="output">An MP4 file with AAC.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FfmpegException">A decoder or the encoder was killed or failed.</exception>
    public async Task MixAsync(Timeline timeline, long startNs, long samples, string output, CancellationToken cancellation)
    {
        var arguments = FfmpegArguments.Create()
            .RawAudioFromStandardInput()
            .Add("-c:a", "aac", "-b:a", "128k", "-f", "mp4")
            .OutputFile(output)
            .Build();
        await using var encoder = FfmpegProcess.Start(_options.FfmpegPath, arguments, FfmpegPipes.Input);
        await using var stopping = cancellation.Register(encoder.Kill);
        var waiting = new Queue<TrackSegment>(timeline.Segments.Where(s => !s.IsVideo && s.Span.To > startNs).OrderBy(s => s.Span.From));
        var playing = new List<AudioDecoder>();
        try
        {
            await MixBlocksAsync(encoder, waiting, playing, startNs, samples, cancellation);
        }
        catch (IOException)
        {
            // The encoder's pipe broke: its own end says why.
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            foreach (var decoder in playing)
            {
                await decoder.DisposeAsync();
            }
        }

        await encoder.CloseInputAsync();
        var failure = await encoder.Completion;
        cancellation.ThrowIfCancellationRequested();
        if (failure is not null)
        {
            throw new FfmpegException("encoding audio", failure);
        }
    }

    /// <summary>Bends what exceeds the knee, smoothly, below full scale.</summary>
    internal static void Limit(Span<float> samples)
    {
        foreach (ref var sample in samples)
        {
            var level = MathF.Abs(sample);
            if (level > Knee)
            {
                sample = MathF.CopySign(Knee + ((1 - Knee) * MathF.Tanh((level - Knee) / (1 - Knee))), sample);
            }
        }
    }

    private async Task MixBlocksAsync(
        FfmpegProcess encoder, Queue<TrackSegment> waiting, List<AudioDecoder> playing, long startNs, long samples, CancellationToken cancellation)
    {
        var mix = new float[BlockSamples * Channels];
        var part = new float[BlockSamples * Channels];
        for (long position = 0; position < samples; position += BlockSamples)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = (int)Math.Min(BlockSamples, samples - position);
            var blockEnd = startNs + (long)((Int128)(position + count) * 1_000_000_000 / SampleRate);
            while (waiting.TryPeek(out var next) && next.Span.From < blockEnd)
            {
                await MakeRoomAsync(playing, next.ParticipantId);
                var decoder = new AudioDecoder(waiting.Dequeue(), _directory, startNs, _options.FfmpegPath, _tolerant);
                playing.Add(decoder);
                SkipBeforeStart(decoder, part);
            }

            Array.Clear(mix);
            for (var i = playing.Count - 1; i >= 0; i--)
            {
                if (!Add(playing[i], position, count, part, mix))
                {
                    await playing[i].DisposeAsync();
                    playing.RemoveAt(i);
                }
            }

            Limit(mix);
            await encoder.Input.WriteAsync(MemoryMarshal.AsBytes(mix.AsSpan(0, count * Channels)).ToArray(), cancellation);
        }
    }

    /// <summary>Ends what a sender that gives the same time again and again would have played beside itself.</summary>
    private static async Task MakeRoomAsync(List<AudioDecoder> playing, string participantId)
    {
        if (FindOver(playing.ConvertAll(d => d.ParticipantId), participantId) is var over and >= 0)
        {
            var decoder = playing[over];
            playing.RemoveAt(over);
            await decoder.DisposeAsync();
        }
    }

    /// <summary>Which of those that play has to end for one more of a participant; −1: none.</summary>
    /// <param name="playing">Whose they are, in the order of their beginning.</param>
    /// <param name="participantId">Whose the next one is.</param>
    internal static int FindOver(List<string> playing, string participantId) =>
        playing.Count(id => id == participantId) >= MaxDecodersPerParticipant ? playing.IndexOf(participantId)
        : playing.Count >= MaxDecoders ? 0
        : -1;

    /// <summary>False when the file has ended.</summary>
    private static bool Add(AudioDecoder decoder, long position, int count, float[] part, float[] mix)
    {
        var offset = (int)Math.Clamp(decoder.FirstSample - position, 0, count);
        var wanted = (count - offset) * Channels;
        var read = decoder.Read(part.AsSpan(0, wanted));
        var target = mix.AsSpan(offset * Channels, read);
        for (var i = 0; i < read; i++)
        {
            target[i] += part[i];
        }

        return read == wanted;
    }

    private static void SkipBeforeStart(AudioDecoder decoder, float[] scratch)
    {
        for (var left = -decoder.FirstSample * Channels; left > 0;)
        {
            var read = decoder.Read(scratch.AsSpan(0, (int)Math.Min(scratch.Length, left)));
            if (read == 0)
            {
                return;
            }

            left -= read;
        }
    }
}
