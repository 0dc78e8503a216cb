"""The Once-for-All MobileNetV3 space (Cai et al., ICLR 2020)."""
