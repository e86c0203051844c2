using System.Globalization;

namespace Events.Benchmarks.Load;

/// <summary>CPU and memory of processes and their descendants, and the kernel's UDP drops, from /proc.</summary>
/// <param name="CpuSeconds">User and system time.</param>
/// <param name="ResidentBytes">Resident set.</param>
internal readonly record struct ServerUsage(double CpuSeconds, long ResidentBytes)
{
    // sysconf(_SC_CLK_TCK) is 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    public static ServerUsage Of(IReadOnlyCollection<int> roots)
    {
        var parents = new Dictionary<int, (int Parent, ServerUsage Usage)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Read(pid) is { } read)
            {
                parents[pid] = read;
            }
        }

        var sum = default(ServerUsage);
        foreach (var (pid, (_, usage)) in parents)
        {
            for (var at = pid; at > 0 && parents.TryGetValue(at, out var entry); at = entry.Parent)
            {
                if (roots.Contains(at))
                {
                    sum = new(sum.CpuSeconds + usage.CpuSeconds, sum.ResidentBytes + usage.ResidentBytes);
                    break;
                }
            }
        }

        return sum;
    }

    /// <summary>Datagrams that the kernel dropped for full receive buffers, whole machine.</summary>
    public static long ReceiveBufferErrors()
    {
        var lines = File.ReadLines("/proc/net/snmp").Where(l => l.StartsWith("Udp:", StringComparison.Ordinal)).Select(l => l.Split(' ')).ToArray();
        var column = Array.IndexOf(lines[0], "RcvbufErrors");
        return long.Parse(lines[1][column], CultureInfo.InvariantCulture);
    }

    private static (int Parent, ServerUsage Usage)? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name may hold spaces and parentheses: fields count from behind the last one. proc(5): ppid is field 4, utime 14, stime 15, rss 24.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            var pages = long.Parse(fields[21], CultureInfo.InvariantCulture);
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), new(ticks / TicksPerSecond, pages * Environment.SystemPageSize));
        }
        catch (IOException)
        {
            // The process ended between listing and reading.
            return null;
        }
    }
}
