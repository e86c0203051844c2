using System.Text.Json;
using Npgsql;

namespace Events.Platform.Data.Timers;

/// <summary>A timer whose time has come.</summary>
/// <param name="Key">Names it among those of its kind.</param>
/// <param name="DueAt">When it was to run; it may run later, never earlier.</param>
/// <param name="Payload">What <see cref="TimerTable.SetAsync"/> was given.</param>
public sealed record DueTimer(string Kind, string Key, DateTimeOffset DueAt, JsonElement Payload);

/// <summary>Does what one kind of timer stands for. Registered as a singleton <see cref="ITimerHandler"/>.</summary>
public interface ITimerHandler
{
    /// <summary>"event-reminder": stable, stored, unique among the handlers.</summary>
    string Kind { get; }

    /// <summary>
    /// Works in the transaction in which the timer ends: what it writes there happens exactly once, what it does outside at least
    /// once. It may set its own timer anew, to go on or to come back. What it throws is tried again, later and later, for about a day.
    /// </summary>
    Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel);
}
