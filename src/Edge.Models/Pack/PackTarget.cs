namespace Edge.Models.Pack;

/// <summary>What matrices become. Keep: exact conversions only. Nested4: 4 bits in two planes, of which the first is a
/// 2-bit model alone. Mixed: 2, 3, 4 or 8 bits, each matrix and each expert where they are worth most.</summary>
public enum PackTarget { Keep, Digits4, Digits3, Digits2, Ternary, Nested4, Mixed }

/// <summary>Bits of a ternary weight: more bits are fewer cycles.</summary>
public enum TernaryLayout { Bits2_0, Bits1_67, Bits1_6 }

/// <summary>What a float output head (or tied embedding) becomes.</summary>
public enum PackHead { Q8_0, Digits4, Keep }
