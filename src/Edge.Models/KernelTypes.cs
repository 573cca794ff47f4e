// The shapes of kernels, once for the whole room.
global using unsafe RowsKernel = delegate*<byte*, byte*, float*, long, long, long, long, long, void>;
global using unsafe PlanesKernel = delegate*<byte*, byte*, byte*, float*, long, long, long, long, long, void>;
global using unsafe PackKernel = delegate*<byte*, byte*, long, long, long>;
global using unsafe PackDigitsKernel = delegate*<sbyte*, ushort*, byte*, long, long, void>;
global using unsafe PackPlanesKernel = delegate*<sbyte*, ushort*, byte*, byte*, long, long, void>;
global using unsafe DecodeKernel = delegate*<byte*, float*, long, long, void>;
global using unsafe QuantizeKernel = delegate*<float*, byte*, long, long, void>;
global using unsafe ToF16Kernel = delegate*<float*, ushort*, long, void>;
global using unsafe HeadKernel = delegate*<float*, byte*, byte*, float*, long, long, long, float, float*, void>;
global using unsafe CappedHeadKernel =
    delegate*<float*, byte*, byte*, float*, long, long, long, float, float, float*, float*, void>;
global using unsafe NormKernel = delegate*<float*, float*, float*, long, float, void>;
global using unsafe RopeKernel = delegate*<float*, float*, float*, long, long, void>;
global using unsafe SoftmaxKernel = delegate*<float*, long, void>;
global using unsafe GateKernel = delegate*<float*, float*, float*, long, void>;
global using unsafe AddKernel = delegate*<float*, float*, long, void>;
global using unsafe AddScaledKernel = delegate*<float*, float*, float, long, void>;
global using unsafe TopKKernel = delegate*<float*, int*, float*, long, long, int, void>;
