namespace Events.MediaRegistry.Assets;

/// <summary>A blob that a rendition holds.</summary>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="MimeType">For example video/mp4.</param>
/// <param name="FileName">Offered to whoever downloads it.</param>
public sealed record AssetFile(string Sha256, long Size, string MimeType, string FileName);

/// <summary>What is known of a video when it is registered.</summary>
/// <param name="OwnerType">What it belongs to: "recording".</param>
/// <param name="OwnerId">Which one; an owner has one asset.</param>
/// <param name="Title">For people.</param>
/// <param name="DurationMs">Milliseconds.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="FrameRate">Frames a second.</param>
/// <param name="Video">The video.</param>
/// <param name="Thumbnail">A picture of it.</param>
public sealed record NewVideo(string OwnerType, Guid OwnerId, string Title, long DurationMs, int Width, int Height, double FrameRate, AssetFile Video, AssetFile Thumbnail);

/// <summary>A registered video that can be played.</summary>
public sealed record VideoAsset(Guid Id, string Title, long DurationMs, int Width, int Height, double FrameRate, AssetFile Video, AssetFile Thumbnail);

/// <summary>A document that is kept as it came: nothing is made of it, and it is offered for download only.</summary>
/// <param name="OwnerType">What it belongs to: "answer_file".</param>
/// <param name="OwnerId">Which one; an owner has one asset.</param>
/// <param name="File">Its bytes, which are in the store.</param>
public sealed record NewDocument(string OwnerType, Guid OwnerId, AssetFile File);
