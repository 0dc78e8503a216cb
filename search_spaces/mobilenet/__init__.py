"""The MobileNet family: separable, inverted, fused and pooling stages for images from 8 to 224 pixels."""
