from .index import write_site as write_site
from .page import write_page as write_page
from .update import update_report as update_report
