namespace Edge.Models;

/// <summary>Hears what the rows of a pass chose in one layer. <paramref name="scores"/>: float[rows][experts],
/// probabilities. It runs on the model's thread, and its arguments hold during the call.</summary>
internal delegate void RoutedLayer(int layer, RowBuffer scores, Routing routing, Batch batch);
