namespace Events.Mixer.Scenes;

/// <summary>A rectangle in pixels; all members are even, since chroma is halved.</summary>
public readonly record struct Rect(int X, int Y, int Width, int Height);

/// <summary>One participant's place in the picture.</summary>
/// <param name="ParticipantId">Whose.</param>
/// <param name="Name">Shown in the tile.</param>
/// <param name="TrackId">The video shown, or null for a placeholder with initials.</param>
/// <param name="Rect">Where.</param>
public sealed record Tile(string ParticipantId, string Name, string? TrackId, Rect Rect);

/// <summary>What is to be seen over a run of frames.</summary>
/// <param name="FromFrame">First frame.</param>
/// <param name="ToFrame">One past the last frame.</param>
/// <param name="Tiles">Empty: a calm card with the title.</param>
public sealed record Scene(long FromFrame, long ToFrame, IReadOnlyList<Tile> Tiles)
{
    public bool SameTiles(Scene other) => Tiles.SequenceEqual(other.Tiles);
}
