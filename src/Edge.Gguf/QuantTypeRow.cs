namespace Edge.Gguf;

/// <summary>One row of the quant-type table: BlockElements weights are stored in BlockBytes bytes. Runs: there are
/// kernels for it; a type without is still named and measured, so that a file can be inspected and refused by
/// name.</summary>
public sealed record QuantTypeRow(QuantType Id, string Name, int BlockElements, int BlockBytes, bool Runs = false);
