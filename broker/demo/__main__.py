"""`python -m broker.demo`: run the demo."""

import os
import sys

from broker.demo.launch import launch

if __name__ == "__main__":
    sys.exit(launch(os.environ))
