using Events.MediaRegistry.Ffmpeg;

namespace Events.Platform.Features.Branding;

/// <summary>A picture as it is served: encoded by us, from pixels alone.</summary>
internal sealed record MadePicture(byte[] Bytes, string MimeType, string Extension);

/// <summary>What a picture is made for: its size and its format.</summary>
internal enum PictureShape
{
    /// <summary>128×128, on nothing where it is not square.</summary>
    OrganisationLogo,

    /// <summary>At most 256×256.</summary>
    Logo,

    /// <summary>At most 1600×900, a photograph.</summary>
    Cover,
}

/// <summary>
/// Makes a picture that can be served out of one that somebody uploaded: told by its bytes, decoded by the one decoder for them, scaled, and encoded anew. What
/// else the file carried (scripts, metadata with places, a second file behind the first) is gone. Few at once, and not for long.
/// </summary>
internal sealed class PictureMaker
{
    public const int MaxBytes = 5 * 1024 * 1024;

    /// <summary>For people. SVG is a program, and not on the list.</summary>
    public const string Accepted = "PNG, JPEG or WebP";

    /// <summary>Decoded, 160 MB: a large camera's picture, and no bomb.</summary>
    private const long MaxPixels = 40_000_000;

    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turns = new(2);

    /// <summary>Null: no such picture, or one that cannot be decoded within the bounds.</summary>
    public async Task<MadePicture?> MakeAsync(PictureShape shape, byte[] upload, CancellationToken cancel)
    {
        if (FormatOf(upload) is not { } format)
        {
            return null;
        }

        await _turns.WaitAsync(cancel);
        try
        {
            return await MakeInTurnAsync(shape, format, upload, cancel);
        }
        finally
        {
            _turns.Release();
        }
    }

    private static async Task<MadePicture?> MakeInTurnAsync(PictureShape shape, string format, byte[] upload, CancellationToken cancel)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, upload, cancel);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(MostTime);

            // A logo keeps its transparency; a cover is a photograph. An event's are not blown up.
            var scale = shape switch
            {
                PictureShape.OrganisationLogo => "scale=w=128:h=128:force_original_aspect_ratio=decrease,format=rgba,pad=w=128:h=128:x=-1:y=-1:color=0x00000000",
                PictureShape.Logo => "scale=w='min(256,iw)':h='min(256,ih)':force_original_aspect_ratio=decrease",
                _ => "scale=w='min(1600,iw)':h='min(900,ih)':force_original_aspect_ratio=decrease",
            };
            var input = FfmpegArguments.Create().Add("-threads", 1).Add("-protocol_whitelist", "file,pipe").Add("-max_pixels", MaxPixels).Add("-f", format).InputFile(path)
                .Add("-frames:v", 1).Add("-map_metadata", "-1").Add("-vf", scale);
            var arguments = shape is not PictureShape.Cover ? input.Add("-c:v", "png", "-pix_fmt", "rgba", "-f", "image2pipe", "pipe:1") : input.Add("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "image2pipe", "pipe:1");
            var bytes = await FfmpegProcess.ReadAsync("ffmpeg", arguments.Build(), "a picture", MaxBytes, cancellation: patience.Token);
            return bytes.Length == 0 ? null : shape is not PictureShape.Cover ? new MadePicture(bytes, "image/png", ".png") : new MadePicture(bytes, "image/jpeg", ".jpg");
        }
        catch (Exception e) when ((e is FfmpegException { Failure.Code: not "ffmpeg_not_found" } or InvalidDataException or OperationCanceledException) && !cancel.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string? FormatOf(ReadOnlySpan<byte> content) => content switch
    {
        _ when content.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]) => "png_pipe", // RFC 2083 §3.1
        _ when content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) => "jpeg_pipe", // ITU-T T.81 §B.1.1.3
        _ when content.Length >= 12 && content.StartsWith("RIFF"u8) && content[8..].StartsWith("WEBP"u8) => "webp_pipe",
        _ => null,
    };
}
