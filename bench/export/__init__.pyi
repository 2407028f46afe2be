from .card import check_free as check_free
from .frozen import load_discriminator as load_discriminator
from .write import choose_cell as choose_cell
from .write import export_cell as export_cell
from .write import why_not_done as why_not_done
