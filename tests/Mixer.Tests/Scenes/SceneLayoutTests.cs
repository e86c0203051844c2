using Events.Mixer.Scenes;

namespace Events.Tests.Mixer.Tests.Scenes;

public sealed class SceneLayoutTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tiles_lie_within_the_picture_and_never_overlap(bool screen)
    {
        for (var count = 0; count <= 40; count++)
        {
            var seats = Enumerable.Range(0, count).Select(i => new Seat($"p{i}", $"N{i}", i % 3 == 0 ? null : $"t{i}", false)).ToList();
            if (screen)
            {
                seats.Insert(count / 2, new("s", "S", "screen", true));
            }

            var tiles = SceneLayout.Arrange(seats);
            Assert.True(tiles.Count == Math.Min(seats.Count, SceneLayout.MaxTiles) || (screen && tiles.Count == 9));
            foreach (var tile in tiles)
            {
                var (x, y, width, height) = tile.Rect;
                Assert.True(x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1280 && y + height <= 720, $"{count}: {tile}");
                Assert.True(((x | y | width | height) & 1) == 0, $"{count}: {tile}");
                Assert.DoesNotContain(tiles, other => !ReferenceEquals(other, tile) && Overlap(other.Rect, tile.Rect));
            }
        }
    }

    [Fact]
    public void One_person_fills_the_picture_and_a_shared_screen_is_the_largest()
    {
        Assert.Equal(new Rect(0, 0, 1280, 720), SceneLayout.Arrange([new("a", "A", "t", false)])[0].Rect);
        var tiles = SceneLayout.Arrange([new("a", "A", "t", false), new("b", "B", "screen", true)]);
        Assert.Equal("screen", tiles.MaxBy(t => t.Rect.Width)!.TrackId);
    }

    [Fact]
    public void When_not_all_fit_those_with_video_stay()
    {
        var seats = Enumerable.Range(0, 30).Select(i => new Seat($"p{i}", "N", i >= 14 ? "t" : null, false)).ToList();
        Assert.All(SceneLayout.Arrange(seats), t => Assert.NotNull(t.TrackId));
    }

    private static bool Overlap(Rect a, Rect b) => a.X < b.X + b.Width && b.X < a.X + a.Width && a.Y < b.Y + b.Height && b.Y < a.Y + a.Height;
}
