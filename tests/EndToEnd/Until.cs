using System.Diagnostics;

namespace Events.Tests.EndToEnd;

/// <summary>Waits on a condition with a deadline.</summary>
public static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);

    /// <summary>Asks until the answer is not null; fails with what was awaited.</summary>
    public static async Task<T> Some<T>(string what, TimeSpan patience, Func<Task<T?>> ask)
        where T : class
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                throw new TimeoutException($"Not within {patience.TotalSeconds:0.#} s: {what}.");
            }

            await Task.Delay(Pause);
        }
    }

    public static Task True(string what, TimeSpan patience, Func<Task<bool>> ask) =>
        Some(what, patience, async () => await ask() ? "yes" : null);

    public static Task True(string what, TimeSpan patience, Func<bool> ask) => True(what, patience, () => Task.FromResult(ask()));
}
