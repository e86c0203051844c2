using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Testing;

/// <summary>A mixer node as the platform sees it: a real HTTP server that notes what it was asked, and may be away or refuse.</summary>
internal sealed class MixerDouble : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MixerDouble(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    /// <summary>"start ID", "stop ID", "compose ID", "ask ID", "delete ID" in order of arrival.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>What it answers; 202 unless a test says otherwise.</summary>
    public int Status { get; set; } = 202;

    /// <summary>Recordings that it has no files of any more.</summary>
    public ConcurrentBag<Guid> Lost { get; } = [];

    /// <summary>What happens between its doing what it was asked and the answer; it is given the command.</summary>
    public Func<string, Task> BeforeAnswer { get; set; } = _ => Task.CompletedTask;

    public static async Task<MixerDouble> StartAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var mixer = new MixerDouble(app, port);
        app.MapPost("/node/recordings", async (HttpRequest request) =>
        {
            var body = await JsonDocument.ParseAsync(request.Body);
            return await mixer.AnswerAsync($"start {body.RootElement.GetProperty("recordingId").GetString()}");
        });
        app.MapGet("/node/recordings/{id:guid}", async (Guid id) => mixer.Lost.Contains(id) ? Results.NotFound() : await mixer.AnswerAsync($"ask {id}"));
        app.MapPost("/node/recordings/{id}/stop", (string id) => mixer.AnswerAsync($"stop {id}"));
        app.MapPost("/node/recordings/{id}/compose", (string id) => mixer.AnswerAsync($"compose {id}"));
        app.MapDelete("/node/recordings/{id}", (string id) => mixer.AnswerAsync($"delete {id}"));
        await app.StartAsync();
        return mixer;
    }

    public async Task ShouldReceiveAsync(string command)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        while (!Commands.Contains(command))
        {
            Assert.True(DateTime.UtcNow < deadline, $"'{command}' never came; there came: {string.Join(", ", Commands)}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<IResult> AnswerAsync(string command)
    {
        var status = Status;
        if (status is >= 200 and < 300)
        {
            Commands.Enqueue(command);
        }

        await BeforeAnswer(command);
        return Results.StatusCode(status);
    }
}
