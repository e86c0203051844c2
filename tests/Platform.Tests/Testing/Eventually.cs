namespace Events.Tests.Platform.Testing;

/// <summary>Waits for a condition, up to a deadline.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Within 60 s it did not come true that {what}.");
            await Task.Delay(20);
        }
    }
}
