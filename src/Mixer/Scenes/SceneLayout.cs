namespace Events.Mixer.Scenes;

/// <summary>Someone to be placed.</summary>
public readonly record struct Seat(string ParticipantId, string Name, string? TrackId, bool Screen);

/// <summary>Places people in the picture. Pure: the same seats give the same tiles.</summary>
public static class SceneLayout
{
    public const int Width = 1280;
    public const int Height = 720;

    /// <summary>4 × 4: below 320 × 180 a face is no longer one.</summary>
    public const int MaxTiles = 16;

    /// <summary>Pixels between tiles.</summary>
    private const int Gap = 8;

    /// <summary>Width of the column beside a shared screen: a quarter of the picture.</summary>
    private const int ColumnWidth = 320;

    /// <summary>720 / 8 = 90 pixels high.</summary>
    private const int MaxColumnTiles = 8;

    /// <summary>Places seats; more than fit are left out, those with video last.</summary>
    public static IReadOnlyList<Tile> Arrange(IReadOnlyList<Seat> seats)
    {
        ArgumentNullException.ThrowIfNull(seats);
        var screen = seats.Where(s => s.Screen).Take(1).ToList();
        return screen.Count == 1
            ? WithScreen(screen[0], Choose(seats.Where(s => !s.Screen).ToList(), MaxColumnTiles))
            : Grid(Choose(seats, MaxTiles));
    }

    private static List<Seat> Choose(IReadOnlyList<Seat> seats, int max)
    {
        if (seats.Count <= max)
        {
            return [.. seats];
        }

        // The chosen keep their order, so that nobody moves because of who is left out.
        var chosen = seats.Select((seat, order) => (seat, order)).OrderBy(s => s.seat.TrackId is null).ThenBy(s => s.order).Take(max);
        return [.. chosen.OrderBy(s => s.order).Select(s => s.seat)];
    }

    private static List<Tile> Grid(List<Seat> seats)
    {
        if (seats.Count == 0)
        {
            return [];
        }

        if (seats.Count == 1)
        {
            return [Place(seats[0], new(0, 0, Width, Height))];
        }

        var columns = (int)Math.Ceiling(Math.Sqrt(seats.Count));
        var rows = (seats.Count + columns - 1) / columns;
        var (width, height) = Fit((Width - (Gap * (columns + 1))) / columns, (Height - (Gap * (rows + 1))) / rows);
        var tiles = new List<Tile>();
        for (var i = 0; i < seats.Count; i++)
        {
            var row = i / columns;
            var inRow = Math.Min(columns, seats.Count - (row * columns));
            var left = (Width - (inRow * width) - ((inRow - 1) * Gap)) / 2;
            var top = (Height - (rows * height) - ((rows - 1) * Gap)) / 2;
            tiles.Add(Place(seats[i], new(Even(left + (i % columns * (width + Gap))), Even(top + (row * (height + Gap))), width, height)));
        }

        return tiles;
    }

    private static List<Tile> WithScreen(Seat screen, List<Seat> others)
    {
        if (others.Count == 0)
        {
            return [Place(screen, new(0, 0, Width, Height))];
        }

        var (bigWidth, bigHeight) = Fit(Width - ColumnWidth - (2 * Gap), Height - (2 * Gap));
        var tiles = new List<Tile> { Place(screen, new(Gap, Even((Height - bigHeight) / 2), bigWidth, bigHeight)) };
        var (width, height) = Fit(ColumnWidth - Gap, (Height - (Gap * (others.Count + 1))) / others.Count);
        var top = (Height - (others.Count * height) - ((others.Count - 1) * Gap)) / 2;
        for (var i = 0; i < others.Count; i++)
        {
            var left = Width - ColumnWidth + ((ColumnWidth - Gap - width) / 2);
            tiles.Add(Place(others[i], new(Even(left), Even(top + (i * (height + Gap))), width, height)));
        }

        return tiles;
    }

    /// <summary>The largest even 16:9 rectangle within a space.</summary>
    private static (int Width, int Height) Fit(int width, int height)
    {
        var fitted = Math.Min(width, height * 16 / 9);
        return (Even(fitted), Even(fitted * 9 / 16));
    }

    private static int Even(int value) => value & ~1;

    private static Tile Place(Seat seat, Rect rect) => new(seat.ParticipantId, seat.Name, seat.TrackId, rect);
}
