using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>What one participant may send by data channels: messages, their bytes, and how many they reach (docs/decisions/0016-data-messages-cost-what-they-reach.md).</summary>
internal struct DataBudget(MonotonicTime now)
{
    /// <summary>Three pointers at 60 frames/s; and at once a drawing that is told from its beginning.</summary>
    private const int MessagesPerSecond = 200;

    private const int BurstMessages = 2_500;

    private const int BytesPerSecond = 128 * 1024;

    private const int BurstBytes = 1024 * 1024;

    /// <summary>Two hundred messages to fifty people. Each costs the worker some microseconds, in which it forwards nobody's sound.</summary>
    private const int DeliveriesPerSecond = 10_000;

    private const int BurstDeliveries = 25_000;

    private double _messages = BurstMessages;
    private double _bytes = BurstBytes;
    private double _deliveries = BurstDeliveries;
    private MonotonicTime _filled = now;

    /// <summary>False: it is too much, and costs nothing.</summary>
    public bool Takes(int bytes, MonotonicTime now)
    {
        var seconds = (now - _filled).TotalSeconds;
        _filled = now;
        _messages = Math.Min(BurstMessages, _messages + (seconds * MessagesPerSecond));
        _bytes = Math.Min(BurstBytes, _bytes + (seconds * BytesPerSecond));
        _deliveries = Math.Min(BurstDeliveries, _deliveries + (seconds * DeliveriesPerSecond));
        if (_messages < 1 || _bytes < bytes || _deliveries < 1)
        {
            return false;
        }

        _messages--;
        _bytes -= bytes;
        return true;
    }

    /// <summary>The message that was taken went to so many: in a large room more than there was left, for which the next one waits.</summary>
    public void Reached(int participants) => _deliveries -= participants;
}
