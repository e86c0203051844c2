namespace Events.Platform.Features.Tickets;

/// <summary>Log of tickets, event ids 1500 to 1549.</summary>
internal static partial class TicketsLog
{
}
