using System.Diagnostics;
using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.EndToEnd.Media;

/// <summary>Watches a room by WHEP and notes when frames come.</summary>
public sealed class Viewer : IAsyncDisposable
{
    private readonly ClientConnection _connection;
    private readonly Arrivals _arrivals;

    private Viewer(ClientConnection connection, Arrivals arrivals)
    {
        _connection = connection;
        _arrivals = arrivals;
    }

    /// <summary>Complete video frames, told by the marker of their last packet.</summary>
    public int Frames => _arrivals.Frames;

    /// <summary>The longest time between two frames since the last <see cref="Forget"/>.</summary>
    public TimeSpan LongestGap => _arrivals.LongestGap;

    public bool HasEnded => _connection.Endpoint.Ended.IsCompleted;

    public static async Task<Viewer> StartAsync(ClientStack stack, Uri media, string room, string grant)
    {
        var arrivals = new Arrivals();
        var connection = await WhepClient.ViewAsync(stack, new Uri(media, $"/whep/{room}"), grant, prepare: endpoint => endpoint.OnMedia = arrivals.Take);
        return new(connection, arrivals);
    }

    public void Forget() => _arrivals.Forget();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private sealed class Arrivals
    {
        private readonly Lock _gate = new();
        private long _last;
        private TimeSpan _longest;
        private int _frames;

        public int Frames => Volatile.Read(ref _frames);

        public TimeSpan LongestGap
        {
            get
            {
                lock (_gate)
                {
                    var open = _last == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_last);
                    return open > _longest ? open : _longest;
                }
            }
        }

        public void Forget()
        {
            lock (_gate)
            {
                _longest = TimeSpan.Zero;
            }
        }

        public void Take(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
        {
            if (track.Media.Kind != MediaKind.Video || !packet.Marker)
            {
                return;
            }

            lock (_gate)
            {
                var gap = _last == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_last);
                _longest = gap > _longest ? gap : _longest;
                _last = Stopwatch.GetTimestamp();
                _frames++;
            }
        }
    }
}
