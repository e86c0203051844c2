using System.Runtime.Intrinsics;

namespace Events.Mixer.Compose;

/// <summary>
/// Scales one plane from one size to another: each target pixel is the mean of the source pixels that it covers (downwards), or
/// their linear interpolation (upwards). Rows are combined first, 16 pixels at once, columns then.
/// </summary>
internal sealed class PlaneScaler
{
    /// <summary>Weights of one target pixel add up to this; 256 × 255 fits 16 bits.</summary>
    private const int One = 256;

    private readonly int _sourceWidth;
    private readonly int _width;
    private readonly int _height;
    private readonly Taps _rows;
    private readonly Taps _columns;
    private readonly byte[] _row;

    public PlaneScaler(int sourceWidth, int sourceHeight, int width, int height)
    {
        _sourceWidth = sourceWidth;
        _width = width;
        _height = height;
        _rows = new(sourceHeight, height);
        _columns = new(sourceWidth, width);
        _row = new byte[sourceWidth];
    }

    public void Scale(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (var y = 0; y < _height; y++)
        {
            CombineRows(source, y);
            var line = target.Slice(y * _width, _width);
            for (var x = 0; x < line.Length; x++)
            {
                var sum = One / 2;
                var first = _columns.First[x];
                var weights = _columns.WeightsOf(x);
                for (var i = 0; i < weights.Length; i++)
                {
                    sum += _row[first + i] * weights[i];
                }

                line[x] = (byte)(sum / One);
            }
        }
    }

    private void CombineRows(ReadOnlySpan<byte> source, int y)
    {
        var first = _rows.First[y];
        var weights = _rows.WeightsOf(y);
        var x = 0;
        for (; Vector128.IsHardwareAccelerated && x + Vector128<byte>.Count <= _sourceWidth; x += Vector128<byte>.Count)
        {
            var low = Vector128.Create((ushort)(One / 2));
            var high = low;
            for (var i = 0; i < weights.Length; i++)
            {
                var (a, b) = Vector128.Widen(Vector128.Create(source.Slice(((first + i) * _sourceWidth) + x, Vector128<byte>.Count)));
                var weight = Vector128.Create(weights[i]);
                low += a * weight;
                high += b * weight;
            }

            Vector128.Narrow(low >> 8, high >> 8).CopyTo(_row.AsSpan(x));
        }

        for (; x < _sourceWidth; x++)
        {
            var sum = One / 2;
            for (var i = 0; i < weights.Length; i++)
            {
                sum += source[((first + i) * _sourceWidth) + x] * weights[i];
            }

            _row[x] = (byte)(sum / One);
        }
    }

    /// <summary>For each target position the source positions that make it, and their weights.</summary>
    private sealed class Taps
    {
        private readonly ushort[][] _weights;

        public Taps(int source, int target)
        {
            First = new int[target];
            _weights = new ushort[target][];
            var ratio = (double)source / target;
            var reach = Math.Max(1, ratio);
            for (var i = 0; i < target; i++)
            {
                // A triangle (upwards) or a box with soft edges (downwards) around the target pixel's centre in the source.
                var center = ((i + 0.5) * ratio) - 0.5;
                var from = Math.Clamp((int)Math.Ceiling(center - ((reach + 1) / 2)), 0, source - 1);
                var to = Math.Clamp((int)Math.Floor(center + ((reach + 1) / 2)), from, source - 1);
                var raw = Enumerable.Range(from, to - from + 1)
                    .Select(s => Math.Clamp(((reach + 1) / 2) - Math.Abs(s - center), 0, 1))
                    .ToArray();
                First[i] = from;
                _weights[i] = Normalize(raw);
            }
        }

        public int[] First { get; }

        public ReadOnlySpan<ushort> WeightsOf(int target) => _weights[target];

        private static ushort[] Normalize(double[] raw)
        {
            var sum = raw.Sum();
            var weights = sum > 0 ? raw.Select(w => (ushort)Math.Round(w / sum * One)).ToArray() : new ushort[raw.Length];
            var middle = weights.Length / 2;
            weights[middle] = (ushort)(weights[middle] + One - weights.Sum(w => w));
            return weights;
        }
    }
}

/// <summary>Scales whole pictures from one size to another.</summary>
internal sealed class ImageScaler(int sourceWidth, int sourceHeight, int width, int height)
{
    private readonly PlaneScaler _luma = new(sourceWidth, sourceHeight, width, height);
    private readonly PlaneScaler _chroma = new(sourceWidth / 2, sourceHeight / 2, width / 2, height / 2);
    private readonly YuvImage _scaled = new(width, height);

    /// <summary>The result is valid until the next call.</summary>
    public YuvImage Scale(YuvImage source)
    {
        _luma.Scale(source.Plane(0), _scaled.Plane(0));
        _chroma.Scale(source.Plane(1), _scaled.Plane(1));
        _chroma.Scale(source.Plane(2), _scaled.Plane(2));
        return _scaled;
    }
}
