using Microsoft.Playwright;

namespace Events.Tests.EndToEnd.Browsers;

/// <summary>Debian's Chromium under Playwright, with a film as its camera and its own beeping microphone.</summary>
public sealed class Chromium : IAsyncDisposable
{
    public const string Executable = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    public string Version => _browser.Version;

    /// <param name="cameraFile">What its camera shows; null: it has three cameras, with pictures of its own.</param>
    /// <param name="executable">A program that starts it somewhere else; null: here.</param>
    /// <param name="arguments">Further switches.</param>
    public static async Task<Chromium> LaunchAsync(string? cameraFile, string? executable = null, IReadOnlyList<string>? arguments = null)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = executable ?? Executable,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--use-fake-ui-for-media-stream",
                .. cameraFile is null ? (string[])["--use-fake-device-for-media-stream=fps=30,device-count=3"] : ["--use-fake-device-for-media-stream=fps=30", $"--use-file-for-fake-video-capture={cameraFile}"],
                "--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required",
                .. arguments ?? [],
            ],
        });
        return new(playwright, browser);
    }

    /// <summary>A person: a browser context with cookies of its own, and one page.</summary>
    public async Task<RoomPage> NewPersonAsync(Uri platform, int width = 1280, int height = 800, bool phone = false)
    {
        var context = await _browser.NewContextAsync(new()
        {
            BaseURL = platform.ToString(),
            ViewportSize = new() { Width = width, Height = height },
            IsMobile = phone,
            HasTouch = phone,
            DeviceScaleFactor = phone ? 2 : 1,
        });
        return await RoomPage.OpenAsync(context);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
