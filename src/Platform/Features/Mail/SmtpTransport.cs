using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Events.Platform.Features.Mail;

/// <summary>A mail server, from <c>EVENTS_SMTP=smtp(s)://user:password@host:port</c>.</summary>
public sealed class SmtpServer
{
    private SmtpServer(Uri address)
    {
        Host = address.IdnHost;
        HasImplicitTls = address.Scheme == "smtps";
        Port = address.Port > 0 ? address.Port : HasImplicitTls ? 465 : 587; // RFC 8314 §7
        if (address.UserInfo.IndexOf(':') is > 0 and var colon)
        {
            User = Uri.UnescapeDataString(address.UserInfo[..colon]);
            Password = Uri.UnescapeDataString(address.UserInfo[(colon + 1)..]);
        }
    }

    public string Host { get; }

    public int Port { get; }

    /// <summary>TLS from the first byte (smtps); else STARTTLS, without which only a server on loopback is talked to.</summary>
    public bool HasImplicitTls { get; }

    public string? User { get; }

    internal string? Password { get; }

    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip));

    public static SmtpServer? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "smtp" or "smtps" && uri.Host.Length > 0 && uri.PathAndQuery is "/" or ""
            ? new SmtpServer(uri)
            : null;
}

/// <summary>Sends by SMTP submission (RFC 5321, RFC 6409) with TLS and AUTH PLAIN (RFC 4616), one connection a mail.</summary>
internal sealed class SmtpTransport(SmtpServer server) : IMailTransport
{
    private const int MaxReplyLines = 100;
    private const int MaxReplyLine = 2_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task SendAsync(OutgoingMail mail, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(server.Host, server.Port, patience.Token);
            await ConverseAsync(socket.GetStream(), mail, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"The mail server did not finish within {Patience.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is SocketException or System.Security.Authentication.AuthenticationException)
        {
            throw new IOException($"The mail server cannot be reached safely: {e.Message}", e);
        }
    }

    private async Task ConverseAsync(Stream stream, OutgoingMail mail, CancellationToken cancel)
    {
        var line = server.HasImplicitTls ? new Line(await SecureAsync(stream, cancel)) : new Line(stream);
        await line.ExpectAsync(null, '2', cancel);
        var capabilities = await GreetAsync(line, cancel);
        if (!server.HasImplicitTls)
        {
            if (capabilities.Contains("STARTTLS"))
            {
                await line.ExpectAsync("STARTTLS", '2', cancel);

                // RFC 3207 §4.2: what was said before TLS is forgotten; a fresh Line drops what was read ahead in clear.
                line = new Line(await SecureAsync(stream, cancel));
                capabilities = await GreetAsync(line, cancel);
            }
            else if (!server.IsLoopback)
            {
                throw new MailRefusedException("The mail server offers no STARTTLS; mail is not sent in clear.", isPermanent: false);
            }
        }

        if (server.User is { } user)
        {
            await line.ExpectAsync($"AUTH PLAIN {Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{server.Password}"))}", '2', cancel);
        }

        await line.ExpectAsync($"MAIL FROM:<{mail.From}>", '2', cancel);
        await line.ExpectAsync($"RCPT TO:<{mail.To}>", '2', cancel);
        await line.ExpectAsync("DATA", '3', cancel);

        // No dot-stuffing needed: no line of MimeWriter begins with a dot (base64, headers, boundaries).
        await line.WriteAsync(MimeWriter.Write(mail), cancel);
        await line.ExpectAsync(".", '2', cancel);

        // Taken. A broken QUIT must not send the mail again, so its answer is not waited for.
        await line.WriteAsync("QUIT\r\n"u8.ToArray(), cancel);
    }

    private static async Task<string> GreetAsync(Line line, CancellationToken cancel) => (await line.ExpectAsync("EHLO events", '2', cancel)).ToUpperInvariant();

    private async Task<Stream> SecureAsync(Stream stream, CancellationToken cancel)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.Host }, cancel);
        return tls;
    }

    /// <summary>Commands and replies (RFC 5321 §4.2).</summary>
    private sealed class Line(Stream stream)
    {
        private readonly byte[] _buffer = new byte[4096];
        private int _start;
        private int _end;

        public Task WriteAsync(byte[] bytes, CancellationToken cancel) => stream.WriteAsync(bytes, cancel).AsTask();

        public async Task<string> ExpectAsync(string? command, char @class, CancellationToken cancel)
        {
            if (command is not null)
            {
                await WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancel);
            }

            var reply = new StringBuilder();
            for (var i = 0; i < MaxReplyLines; i++)
            {
                var text = await ReadAsync(cancel);
                reply.AppendLine(text);
                if (text.Length < 4 || text[3] != '-')
                {
                    return text.Length >= 3 && text[0] == @class
                        ? reply.ToString()
                        : throw new MailRefusedException($"{command?.Split(' ', ':')[0] ?? "greeting"}: {text}", isPermanent: text.StartsWith('5') && command?.StartsWith("AUTH", StringComparison.Ordinal) != true);
                }
            }

            throw new IOException("The mail server's reply has no end.");
        }

        private async Task<string> ReadAsync(CancellationToken cancel)
        {
            var line = new StringBuilder();
            while (line.Length <= MaxReplyLine)
            {
                if (_start == _end)
                {
                    (_start, _end) = (0, await stream.ReadAsync(_buffer, cancel));
                    if (_end == 0)
                    {
                        throw new IOException("The mail server hung up.");
                    }
                }

                var c = (char)_buffer[_start++];
                if (c == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                line.Append(c);
            }

            throw new IOException("The mail server's line has no end.");
        }
    }
}
