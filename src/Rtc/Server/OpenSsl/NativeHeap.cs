using System.Runtime.InteropServices;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// The heap that libssl allocates from. A hundred guests who come at once need 73 KB each for their handshakes, and what lives on lies between what
/// was freed, so that glibc would keep all of it. It is asked to give whole pages back to the system soon after.
/// </summary>
internal static unsafe class NativeHeap
{
    /// <summary>From the first session that is freed on: the others of a crowd are freed meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>Null where the C library is another one than glibc.</summary>
    private static readonly delegate* unmanaged<nuint, int> MallocTrim =
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "malloc_trim", out var export)
            ? (delegate* unmanaged<nuint, int>)export
            : null;

    private static readonly Timer Timer = new(_ => Trim());
    private static int _isPlanned;

    public static void TrimSoon()
    {
        if (Interlocked.Exchange(ref _isPlanned, 1) == 0)
        {
            Timer.Change(Patience, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Trim()
    {
        Volatile.Write(ref _isPlanned, 0);
        if (MallocTrim != null)
        {
            _ = MallocTrim(0); // malloc_trim(3): safe from any thread; others wait for as long as it looks through their part.
        }
    }
}
