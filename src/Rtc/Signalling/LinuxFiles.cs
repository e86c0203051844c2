using System.Runtime.InteropServices;

namespace Events.Rtc.Signalling;

/// <summary>What the file system can do and <see cref="File"/> does not offer.</summary>
internal static partial class LinuxFiles
{
    private const int DirectoryFlags = 0x10000 | 0x80000; // O_RDONLY | O_DIRECTORY | O_CLOEXEC of x86-64 Linux
    private const int DirectoryFlagsArm = 0x4000 | 0x80000; // arm64 numbers O_DIRECTORY otherwise
    private const int FileExists = 17; // EEXIST

    /// <summary>Makes names durable: a name lives in its directory, which has to be synced itself (fsync(2)).</summary>
    public static void SyncDirectory(string directory)
    {
        int flags = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? DirectoryFlagsArm : DirectoryFlags;
        int descriptor = Open(directory, flags);
        if (descriptor < 0)
            throw new IOException($"Cannot open {directory} to sync it: errno {Marshal.GetLastPInvokeError()}.");
        int result = Fsync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0)
            throw new IOException($"Cannot sync {directory}: errno {error}.");
    }

    /// <summary>
    /// Gives a file a second name unless that name is taken; of several that try at once exactly one succeeds (link(2)).
    /// <see cref="File.Move(string, string, bool)"/> looks first and renames then, so two can succeed.
    /// </summary>
    public static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error == FileExists ? false : throw new IOException($"Cannot link {name}: errno {error}.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
